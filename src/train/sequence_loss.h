// Training sequences and the plain language-model loss over a batch of them.
#pragma once
#include <cstdint>
#include <vector>

#include "model/forward.h"

namespace r1 {

// Tokens, and for each whether the model is trained to produce it (the first never is). Sequences are packed end to end
// without attention across them.
struct TrainSequence {
  std::vector<int> tokens;
  std::vector<uint8_t> trained;
};

// A batch laid out for forward(): tokens, pieces, and at each row the token it should predict (-1: none).
struct PackedBatch {
  std::vector<int> tokens;
  std::vector<Piece> pieces;
  std::vector<int> targets;
  size_t trained_tokens = 0;
  Batch batch() const { return {tokens, pieces}; }
};
PackedBatch pack_batch(std::span<const TrainSequence> sequences);

struct LossWeights {
  double mtp = 0;      // lambda of the MTP loss (V3 report, section 2.2)
  double balance = 0;  // alpha of the sequence-wise balance loss
};
struct LossReport {
  double loss = 0, mtp_loss = 0, balance_loss = 0;  // means over trained tokens
  std::vector<std::vector<uint32_t>> load;          // tokens per expert, a row a block
};

// Mean cross-entropy over `total_trained` tokens (the whole step's, of which this batch may be a part); when `train`,
// adds its gradient to the weights'.
LossReport sequence_loss(const Exec& exec, BufferPool& buffers, Model& model, const PackedBatch& batch,
                         size_t total_trained, const LossWeights& weights, bool train);

// Auxiliary-loss-free balancing (V3 report, section 2.1.2): -speed for experts above the mean load, +speed below.
void update_route_bias(Model& model, const std::vector<std::vector<uint32_t>>& load, float speed);
// Adds the loads of a further micro-batch.
void add_load(std::vector<std::vector<uint32_t>>& into, const std::vector<std::vector<uint32_t>>& from);

}  // namespace r1
