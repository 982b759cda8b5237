#include "model/forward.h"

#include "model/block.h"
#include "tensor/linear.h"
#include "tensor/norm.h"
#include "tensor/shape_ops.h"

namespace r1 {
namespace {

Tensor dense_ffn(Graph& g, LayerWeights& w, const Tensor& x) {
  return linear(g, swiglu(g, linear(g, x, w.gate), linear(g, x, w.up)), w.down);
}

// DeepSeekMoE (V3 report, section 2.1.2): shared experts plus the chosen routed ones.
Tensor moe_ffn(const BlockContext& ctx, LayerWeights& w, const Tensor& x) {
  Graph& g = ctx.g;
  const ModelConfig& c = ctx.model.config;
  const Tensor scores = gate_scores(g, linear(g, x, w.router), c.gate.scoring_func);
  const Choice choice =
      choose_experts(scores, c.gate.has_correction_bias ? w.route_bias.value.data() : nullptr, c.gate);
  if (ctx.report != nullptr) {
    std::vector<RowRange> sequences;
    for (const Piece& p : ctx.pieces) sequences.push_back({p.row_begin, p.rows});
    ctx.report->balance_loss += balance_loss(g, scores, sequences, c.gate, ctx.report->balance_alpha);
    ctx.report->load.back() = choice.load;
  }
  const Tensor routed =
      experts(g, x, choice, expert_weights(g, scores, choice, c.gate), w.expert_gate, w.expert_up, w.expert_down);
  return c.n_shared_experts > 0 ? add(g, dense_ffn(g, w, x), routed) : routed;
}

std::vector<uint32_t> positions_of(std::span<const Piece> pieces, size_t rows) {
  std::vector<uint32_t> positions(rows);
  for (const Piece& p : pieces) {
    const size_t past = p.sequence == nullptr ? 0 : p.sequence->length();
    for (size_t i = 0; i < p.rows; ++i) positions[p.row_begin + i] = uint32_t(past + i);
  }
  return positions;
}

}  // namespace

Tensor block(const BlockContext& ctx, LayerWeights& w, const Tensor& x, uint32_t layer, bool is_moe) {
  Graph& g = ctx.g;
  const ModelConfig& c = ctx.model.config;
  if (ctx.report != nullptr) ctx.report->load.emplace_back();
  const Tensor normed = rms_norm(g, x, w.input_norm, c.rms_norm_eps);
  const Tensor attended = add(
      g, x,
      c.attention == AttentionKind::mla ? mla_attention(ctx, w, normed, layer) : gqa_attention(ctx, w, normed, layer));
  const Tensor ffn_in = rms_norm(g, attended, w.post_attention_norm, c.rms_norm_eps);
  return add(g, attended, is_moe ? moe_ffn(ctx, w, ffn_in) : dense_ffn(g, w, ffn_in));
}

Tensor forward(Graph& g, Model& model, const Batch& batch, KvCache* cache, MoeReport* report) {
  CHECK(!(g.recording() && cache != nullptr));
  const ModelConfig& c = model.config;
  const std::vector<uint32_t> positions = positions_of(batch.pieces, batch.tokens.size());
  if (cache != nullptr)
    for (const Piece& p : batch.pieces) cache->extend(*p.sequence, p.rows);
  const BlockContext ctx{g, model, batch.pieces, positions, cache, report};
  Tensor x = embed(g, model.weights.embed, batch.tokens);
  for (uint32_t layer = 0; layer < c.num_hidden_layers; ++layer)
    x = block(ctx, model.weights.layers[layer], x, layer, c.is_moe_layer(layer));
  if (cache != nullptr)
    for (const Piece& p : batch.pieces) cache->commit(*p.sequence, p.rows);
  return rms_norm(g, x, model.weights.norm, c.rms_norm_eps);
}

Tensor forward_mtp(Graph& g, Model& model, const Batch& batch, const Tensor& hidden, MoeReport* report) {
  const ModelConfig& c = model.config;
  MtpWeights& w = model.weights.mtp[0];
  std::vector<Piece> pieces;
  std::vector<size_t> picks;
  std::vector<int> next_tokens;
  for (const Piece& p : batch.pieces) {
    const size_t rows = p.rows > 0 ? p.rows - 1 : 0;
    pieces.push_back({picks.size(), rows, nullptr});
    for (size_t i = 0; i < rows; ++i) {
      picks.push_back(p.row_begin + i);
      next_tokens.push_back(batch.tokens[p.row_begin + i + 1]);
    }
  }
  const Tensor token_part = rms_norm(g, embed(g, model.weights.embed, next_tokens), w.enorm, c.rms_norm_eps);
  const Tensor state_part = rms_norm(g, pick_rows(g, hidden, picks), w.hnorm, c.rms_norm_eps);
  const Tensor x = linear(g, join_columns(g, token_part, state_part), w.eh_proj);
  const std::vector<uint32_t> positions = positions_of(pieces, picks.size());
  const BlockContext ctx{g, model, pieces, positions, nullptr, report};
  return rms_norm(g, block(ctx, w.block, x, c.num_hidden_layers, c.gate.n_routed_experts > 0), w.norm, c.rms_norm_eps);
}

}  // namespace r1
