#include <algorithm>

#include "model/block.h"
#include "tensor/linear.h"
#include "tensor/norm.h"
#include "tensor/shape_ops.h"

namespace r1 {

Tensor attend(const BlockContext& ctx, const Tensor& q, const Tensor& kv_new, uint32_t layer) {
  AttentionLayout layout = attention_layout(ctx.model.config);
  std::vector<AttentionSpan> spans(ctx.pieces.size());
  std::vector<std::vector<const float*>> pages(ctx.pieces.size());
  for (size_t i = 0; i < spans.size(); ++i) {
    const Piece& p = ctx.pieces[i];
    spans[i] = {p.row_begin, p.rows, 0, {}};
    KvRows& kv = spans[i].kv;
    kv.row_stride = layout.row;
    if (ctx.cache == nullptr) {
      pages[i] = {kv_new.row(p.row_begin)};
      kv.page_tokens = std::max<size_t>(p.rows, 1);
    } else {
      spans[i].past = p.sequence->length();
      for (size_t r = 0; r < p.rows; ++r)
        std::copy_n(kv_new.row(p.row_begin + r), layout.row,
                    ctx.cache->row_for_write(*p.sequence, layer, spans[i].past + r));
      ctx.cache->page_pointers(*p.sequence, layer, pages[i]);
      kv.page_tokens = ctx.cache->page_tokens();
    }
    kv.pages = pages[i].data();
  }
  return attention(ctx.g, q, kv_new, layout, spans);
}

// Grouped-query attention (Ainslie et al. 2023), as in Llama and Qwen2.
Tensor gqa_attention(const BlockContext& ctx, LayerWeights& w, const Tensor& x, uint32_t layer) {
  Graph& g = ctx.g;
  const ModelConfig& c = ctx.model.config;
  const AttentionLayout layout = attention_layout(c);
  const auto bias = [&](Param& p) { return c.qkv_bias ? &p : nullptr; };
  const Tensor q = rope(g, linear(g, x, w.q, bias(w.q_bias)), ctx.model.rope, ctx.positions, c.num_attention_heads);
  const Tensor k = rope(g, linear(g, x, w.k, bias(w.k_bias)), ctx.model.rope, ctx.positions, c.num_key_value_heads);
  const Tensor v = linear(g, x, w.v, bias(w.v_bias));
  const Tensor kv = join_columns(g, pad_heads(g, k, c.num_key_value_heads, layout.k_dim),
                                 pad_heads(g, v, c.num_key_value_heads, layout.v_dim));
  const Tensor out = attend(ctx, pad_heads(g, q, c.num_attention_heads, layout.k_dim), kv, layer);
  return linear(g, split_heads(g, out, c.num_attention_heads, 0, c.head_dim), w.o);
}

// Multi-head latent attention (DeepSeek-V2 report, section 2.1). Absorbed: k_b is multiplied into the query and v_b
// into the output, so keys and values are the cached latent itself.
Tensor mla_attention(const BlockContext& ctx, LayerWeights& w, const Tensor& x, uint32_t layer) {
  Graph& g = ctx.g;
  const ModelConfig& c = ctx.model.config;
  const MlaConfig& m = c.mla;
  const AttentionLayout layout = attention_layout(c);
  const size_t heads = c.num_attention_heads;

  const Tensor q_flat = m.q_lora_rank > 0
                            ? linear(g, rms_norm(g, linear(g, x, w.q_a), w.q_a_norm, m.low_rank_norm_eps), w.q_b)
                            : linear(g, x, w.q);
  const Tensor q =
      rope(g, q_flat, ctx.model.rope, ctx.positions, heads);  // per head [q_nope | q_rope]; rope turns the tail
  const Tensor kv_a = linear(g, x, w.kv_a);
  const Tensor latent = rms_norm(g, split_heads(g, kv_a, 1, 0, m.kv_lora_rank), w.kv_a_norm, m.low_rank_norm_eps);
  const Tensor k_rope =
      rope(g, split_heads(g, kv_a, 1, m.kv_lora_rank, m.qk_rope_head_dim), ctx.model.rope, ctx.positions, 1);

  if (m.form == MlaForm::absorbed) {
    const Tensor q_latent = linear_per_head(g, split_heads(g, q, heads, 0, m.qk_nope_head_dim), w.k_b);
    const Tensor q_rope = split_heads(g, q, heads, m.qk_nope_head_dim, m.qk_rope_head_dim);
    const Tensor query = join_heads(g, q_latent, q_rope, Shared::no, heads, layout.k_dim);
    const Tensor kv = join_heads(g, latent, k_rope, Shared::no, 1, layout.row);
    const Tensor u = attend(ctx, query, kv, layer);
    return linear(g, linear_per_head(g, split_heads(g, u, heads, 0, m.kv_lora_rank), w.v_b), w.o);
  }
  const Tensor k = join_heads(g, linear_to_heads(g, latent, w.k_b), k_rope, Shared::yes, heads, layout.k_dim);
  const Tensor v = pad_heads(g, linear_to_heads(g, latent, w.v_b), heads, layout.v_dim);
  const Tensor out = attend(ctx, pad_heads(g, q, heads, layout.k_dim), join_columns(g, k, v), layer);
  return linear(g, split_heads(g, out, heads, 0, m.v_head_dim), w.o);
}

}  // namespace r1
