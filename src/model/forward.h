// The forward pass: one function for prefill, decode, scoring and training.
//
// A ragged batch is its tokens, end to end, and for each sequence a piece: which rows are its new tokens, and its
// cache. With given weights a row's result depends only on its own sequence up to there.
#pragma once
#include <span>
#include <vector>

#include "model/config.h"
#include "model/kv_cache.h"
#include "model/weights.h"
#include "tensor/graph.h"
#include "tensor/moe.h"
#include "tensor/rope.h"

namespace r1 {

struct Model {
  ModelConfig config;
  Weights weights;
  RopeTable rope;

  Model(ModelConfig c, Weights w) : config(std::move(c)), weights(std::move(w)), rope(config.rope) {}
  Param& head() { return config.tie_word_embeddings ? weights.embed : weights.head; }
};

// The next tokens of one sequence, which follow what its cache holds. Without a cache the piece is the whole sequence.
struct Piece {
  size_t row_begin = 0, rows = 0;
  KvSequence* sequence = nullptr;
};

struct Batch {
  std::span<const int> tokens;  // every id < vocab_size
  std::span<const Piece> pieces;
};

// What the trainer wants to know about a mixture's layers beside the result.
struct MoeReport {
  double balance_alpha = 0;  // in: weight of the balance loss's gradient (recording only)
  double balance_loss = 0;   // out: summed over the layers
  std::vector<std::vector<uint32_t>> load =
      {};  // out: tokens per expert, a row a layer (empty for dense); the MTP block last
};

// Hidden states after the last norm, [tokens, hidden_size]. cache: where the pieces' sequences live, or null. When
// recording there is no cache, and the gradient reaches every weight with one.
Tensor forward(Graph& g, Model& model, const Batch& batch, KvCache* cache, MoeReport* report = nullptr);

// Multi-token prediction (V3 report, section 2.2, with the released weights' order): from the hidden state at i and
// token i+1, the state that predicts token i+2. Rows: for each piece its first rows-1 positions. No cache. hidden:
// forward's result for the same batch.
Tensor forward_mtp(Graph& g, Model& model, const Batch& batch, const Tensor& hidden, MoeReport* report = nullptr);

}  // namespace r1
