// Causal attention of one query token over cached rows: online softmax over blocks of kKeyBlock keys from position 0,
// so that a position's result depends on nothing but its own sequence up to there.
#if defined(R1_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef R1_KERNELS_ATTENTION_INL_H_
#undef R1_KERNELS_ATTENTION_INL_H_
#else
#define R1_KERNELS_ATTENTION_INL_H_
#endif

#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1::HWY_NAMESPACE {

// The rows of up to kKeyBlock keys, found once for all heads: pages are divided out here and nowhere inside the loops.
struct Block {
  const float* rows[kKeyBlock];
  size_t keys, k_offset, v_offset;
};

HWY_INLINE void find_rows(const KvRows& kv, size_t begin, size_t end, Block& block) {
  block.keys = end - begin;
  block.k_offset = kv.k_offset;
  block.v_offset = kv.v_offset;
  size_t page = begin / kv.page_tokens, at = begin % kv.page_tokens;
  for (size_t j = 0; j < block.keys; ++j) {
    block.rows[j] = kv.pages[page] + at * kv.row_stride;
    if (++at == kv.page_tokens) {
      at = 0;
      ++page;
    }
  }
}

// scores[h * kKeyBlock + j] = scale * q[h].k_j. Four heads share each load of a key.
template <size_t kHeads>
HWY_INLINE void score_heads(const AttentionShape& s, const float* q, const Block& block, float* scores) {
  for (size_t j = 0; j < block.keys; ++j) {
    const float* key = block.rows[j] + block.k_offset;
    V16 acc[kHeads];
    for (size_t h = 0; h < kHeads; ++h) acc[h] = set(0.0f);
    for (size_t d = 0; d < s.k_dim; d += kLanes) {
      const V16 k = load(key + d);
      for (size_t h = 0; h < kHeads; ++h) acc[h] = fma(load(q + h * s.q_stride + d), k, acc[h]);
    }
    for (size_t h = 0; h < kHeads; ++h) scores[h * kKeyBlock + j] = reduce_sum(acc[h]) * s.scale;
  }
}

HWY_INLINE void score_block(const AttentionShape& s, const float* q, const Block& block, float* scores) {
  size_t h = 0;
  for (; h + 4 <= s.heads; h += 4) score_heads<4>(s, q + h * s.q_stride, block, scores + h * kKeyBlock);
  for (; h < s.heads; ++h) score_heads<1>(s, q + h * s.q_stride, block, scores + h * kKeyBlock);
}

// p_j = exp(score_j - m) in place; returns their sum in virtual lanes.
HWY_INLINE float exp_block(float* scores, size_t n, float m) {
  V16 sum = set(0.0f);
  const V16 shift = set(m);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const V16 p = exp(sub(load(scores + i), shift));
    store(p, scores + i);
    sum = add(sum, p);
  }
  if (i < n) {
    const V16 p = exp(sub(load_first(scores + i, n - i, -INFINITY), shift));
    store_first(p, scores + i, n - i);
    sum = add(sum, p);
  }
  return reduce_sum(sum);
}

// out = out * keep + sum_j p_j v_j, j ascending; kWide lanes-groups of the value at a time stay in registers.
template <size_t kWide>
HWY_INLINE void add_values(const Block& block, const float* p, float keep, size_t d, float* out) {
  V16 acc[kWide];
  const V16 factor = set(keep);
  for (size_t i = 0; i < kWide; ++i) acc[i] = mul(load(out + d + i * kLanes), factor);
  for (size_t j = 0; j < block.keys; ++j) {
    const float* value = block.rows[j] + block.v_offset + d;
    const V16 weight = set(p[j]);
    for (size_t i = 0; i < kWide; ++i) acc[i] = fma(weight, load(value + i * kLanes), acc[i]);
  }
  for (size_t i = 0; i < kWide; ++i) store(acc[i], out + d + i * kLanes);
}

inline void attention(const AttentionShape& s, const float* q, const KvRows& kv, float* out, RowStats* stats,
                      float* scores) {
  constexpr size_t kHeadTile = 32;
  Block block;
  for (size_t first = 0; first < s.heads; first += kHeadTile) {
    AttentionShape tile = s;
    tile.heads = s.heads - first < kHeadTile ? s.heads - first : kHeadTile;
    const float* q_tile = q + first * s.q_stride;
    float max_so_far[kHeadTile], sum_so_far[kHeadTile];
    for (size_t h = 0; h < tile.heads; ++h) {
      max_so_far[h] = -INFINITY;
      sum_so_far[h] = 0;
      float* o = out + (first + h) * s.out_stride;
      for (size_t d = 0; d < s.v_dim; ++d) o[d] = 0;
    }
    for (size_t begin = 0; begin < s.keys; begin += kKeyBlock) {
      const size_t end = s.keys - begin < kKeyBlock ? s.keys : begin + kKeyBlock;
      find_rows(kv, begin, end, block);
      score_block(tile, q_tile, block, scores);
      for (size_t h = 0; h < tile.heads; ++h) {
        float* p = scores + h * kKeyBlock;
        float m = max_so_far[h];
        for (size_t j = 0; j < end - begin; ++j) m = m < p[j] ? p[j] : m;
        const float shift[kLanes] = {max_so_far[h] - m};  // -inf at first: keep = 0; equal maxima: keep = 1 exactly
        const float keep = begin == 0 ? 0.0f : reduce_max(exp(load_first(shift, 1, -INFINITY)));
        sum_so_far[h] = sum_so_far[h] * keep + exp_block(p, end - begin, m);
        max_so_far[h] = m;
        float* o = out + (first + h) * s.out_stride;
        size_t d = 0;
        for (; d + 4 * kLanes <= s.v_dim; d += 4 * kLanes) add_values<4>(block, p, keep, d, o);
        for (; d < s.v_dim; d += kLanes) add_values<1>(block, p, keep, d, o);
      }
    }
    for (size_t h = 0; h < tile.heads; ++h) {
      float* o = out + (first + h) * s.out_stride;
      const V16 sum = set(sum_so_far[h]);
      for (size_t d = 0; d < s.v_dim; d += kLanes) store(div(load(o + d), sum), o + d);
      if (stats != nullptr) stats[first + h] = {max_so_far[h], float(exact_log(double(sum_so_far[h])))};
    }
  }
}

// With p = softmax(s), dp_j = d_out.v_j, c = d_out.out: ds_j = p_j (dp_j - c); dq = scale sum ds_j k_j; dk_j += scale
// ds_j q; dv_j += p_j d_out (FlashAttention, Dao et al. 2022, appendix B.2).
inline void attention_vjp(const AttentionShape& s, const float* q, const KvRows& kv, const float* out,
                          const RowStats* stats, const float* d_out, float* dq, float* dkv, float* scratch) {
  for (size_t h = 0; h < s.heads; ++h) {
    const float* q_h = q + h * s.q_stride;
    const float* g = d_out + h * s.out_stride;
    float* dq_h = dq + h * s.q_stride;
    const float c = dot(g, out + h * s.out_stride, s.v_dim);
    for (size_t j = 0; j < s.keys; ++j) {
      const float score = dot(q_h, kv.row(j) + kv.k_offset, s.k_dim) * s.scale;
      scratch[j] = score - stats[h].max - stats[h].log_sum;
    }
    exp_block(scratch, s.keys, 0.0f);
    for (size_t j = 0; j < s.keys; ++j) {
      const float* row = kv.row(j);
      float* d_row = dkv + j * kv.row_stride;
      const float p = scratch[j];
      const float ds = p * (dot(g, row + kv.v_offset, s.v_dim) - c) * s.scale;
      axpy(d_row + kv.v_offset, p, g, s.v_dim);
      axpy(dq_h, ds, row + kv.k_offset, s.k_dim);
      axpy(d_row + kv.k_offset, ds, q_h, s.k_dim);
    }
  }
}

}  // namespace r1::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
