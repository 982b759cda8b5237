// The kernels of one instruction set, as a table of pure functions on pointers and sizes.
//
// Every entry has one written arithmetic, the same on every instruction set, bit for bit (docs/decisions.md):
// - a product sums k ascending, one fma per term, from 0 (or from the value already there when it accumulates);
// - a row reduction uses 16 virtual lanes (element i goes to lane i mod 16, ascending), folded by the tree
//   8+4+2+1: lane l adds lane l+8, then l+4, l+2, l+1;
// - exp is our own polynomial (lanes-inl.h); division and square root are IEEE 754; nothing is estimated.
// No entry allocates, locks, or has state: all are safe to call from any thread. Callers split work by output.
//
// Matrices are packed in panels: a weight w[n][k] (n outputs, k inputs) is stored as ceil(n/16) panels of [k][16],
// outputs along the lanes; lanes past n hold zero.
#pragma once
#include <cstddef>
#include <cstdint>

namespace r1 {

inline constexpr size_t kLanes = 16;     // virtual lanes, and the width of a panel
inline constexpr size_t kKeyBlock = 64;  // keys per step of the online softmax
constexpr size_t round_up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }
constexpr size_t panels_of(size_t n) { return (n + kLanes - 1) / kLanes; }
constexpr size_t packed_size(size_t n, size_t k) { return panels_of(n) * kLanes * k; }

// The keys and values of one sequence in one layer, as pages of rows. A key row starts at k_offset of a page row, a
// value row at v_offset; both are padded with zeros to whole lanes. For MLA's latent cache the value is the head of the
// key.
struct KvRows {
  const float* const* pages = nullptr;
  size_t page_tokens = 0;
  size_t row_stride = 0;
  size_t k_offset = 0, v_offset = 0;

  const float* row(size_t position) const {
    return pages[position / page_tokens] + position % page_tokens * row_stride;
  }
};

// One query token against `keys` cached tokens, for `heads` query heads that share the key.
struct AttentionShape {
  size_t heads = 0;
  size_t keys = 0;
  size_t k_dim = 0, v_dim = 0;          // multiples of 16 (padded)
  size_t q_stride = 0, out_stride = 0;  // between heads, in floats
  float scale = 1;
};

// Softmax statistics of a row z: log p_i = z_i*scale - max - log_sum.
struct RowStats {
  float max = 0, log_sum = 0;
};

struct AdamWStep {
  float lr = 0, beta1 = 0, beta2 = 0, eps = 0, weight_decay = 0;
  float bias1 = 1, bias2 = 1;  // 1 - beta^step
  float grad_scale = 1;        // from gradient clipping
};

struct Kernels {
  const char* name;

  // y[m][n] (+)= sum_k x[m][k] * w[n][k] for panels [panel_begin, panel_end) of w. n is w's true output count.
  void (*gemm)(const float* x, size_t ldx, size_t rows, const float* w, size_t k, size_t n, size_t panel_begin,
               size_t panel_end, float* y, size_t ldy, bool accumulate);
  // dw[n][k] += sum_m x[m][k] * dy[m][n], m ascending, into packed dw, for k in [k_begin, k_end) of the panels given.
  void (*gemm_weight_grad)(const float* x, size_t ldx, const float* dy, size_t ldy, size_t rows, size_t k, size_t n,
                           size_t panel_begin, size_t panel_end, size_t k_begin, size_t k_end, float* dw);

  float (*dot)(const float* a, const float* b, size_t n);           // virtual lanes
  float (*sum_squares)(const float* a, size_t n);                   // virtual lanes
  void (*axpy)(float* y, float a, const float* x, size_t n);        // y += a*x, fma
  void (*add)(float* y, const float* a, const float* b, size_t n);  // y = a + b

  // y = x * r * gain with r = 1/sqrt(mean(x^2) + eps). Returns r.
  float (*rms_norm)(float* y, const float* x, const float* gain, size_t n, float eps);
  // Adds to dx and dgain (either may be null). r as returned by rms_norm.
  void (*rms_norm_vjp)(float* dx, float* dgain, const float* dy, const float* x, const float* gain, size_t n, float r);

  // y = silu(gate) * up, element-wise; the vjp adds to dgate and dup.
  void (*swiglu)(float* y, const float* gate, const float* up, size_t n);
  void (*swiglu_vjp)(float* dgate, float* dup, const float* dy, const float* gate, const float* up, size_t n);
  void (*sigmoid)(float* y, const float* x, size_t n);

  // stats of z[0..n) * scale. n >= 1.
  RowStats (*row_stats)(const float* z, size_t n, float scale);
  // out[i] = exp(z[i]*scale - max - log_sum).
  void (*softmax)(float* out, const float* z, size_t n, float scale, RowStats stats);

  // out[h] = sum_j softmax_j(scale * q[h].k_j) v_j over keys 0..keys-1, blocks of kKeyBlock from position 0 (online
  // softmax, Milakov & Gimelshein 2018). stats[h] (may be null) receives the row's max and log-sum. scores: scratch of
  // heads*kKeyBlock.
  void (*attention)(const AttentionShape& shape, const float* q, const KvRows& kv, float* out, RowStats* stats,
                    float* scores);
  // Adds to dq[h], and to the rows of dkv, laid out as kv (float rows of row_stride per token, contiguous from position
  // 0). out and stats as the forward left them. scratch: keys floats.
  void (*attention_vjp)(const AttentionShape& shape, const float* q, const KvRows& kv, const float* out,
                        const RowStats* stats, const float* d_out, float* dq, float* dkv, float* scratch);

  // Decoupled weight decay (Loshchilov & Hutter 2019), element-wise.
  void (*adamw)(float* w, float* m, float* v, const float* g, size_t n, const AdamWStep& step);
};

}  // namespace r1
