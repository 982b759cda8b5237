// One decoder block: attention and FFN with their norms and residuals.
#pragma once
#include "model/forward.h"

namespace r1 {

// What all blocks of one forward share.
struct BlockContext {
  Graph& g;
  Model& model;
  std::span<const Piece> pieces;
  std::span<const uint32_t> positions;
  KvCache* cache;
  MoeReport* report;
};

Tensor block(const BlockContext& ctx, LayerWeights& w, const Tensor& x, uint32_t layer, bool is_moe);

// Attention alone, of an already normalised x: the part that differs by family.
Tensor gqa_attention(const BlockContext& ctx, LayerWeights& w, const Tensor& x, uint32_t layer);
Tensor mla_attention(const BlockContext& ctx, LayerWeights& w, const Tensor& x, uint32_t layer);

// Writes the new KV rows to the cache (if there is one) and attends.
Tensor attend(const BlockContext& ctx, const Tensor& q, const Tensor& kv_new, uint32_t layer);

}  // namespace r1
