// Row-wise kernels: sums, RMSNorm, SwiGLU, softmax, and the AdamW update.
#if defined(R1_KERNELS_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef R1_KERNELS_ROWS_INL_H_
#undef R1_KERNELS_ROWS_INL_H_
#else
#define R1_KERNELS_ROWS_INL_H_
#endif

#include "kernels/lanes-inl.h"
#include "kernels/scalar_math.h"

HWY_BEFORE_NAMESPACE();
namespace r1::HWY_NAMESPACE {

inline float dot(const float* a, const float* b, size_t n) {
  V16 acc = set(0.0f);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) acc = fma(load(a + i), load(b + i), acc);
  if (i < n) acc = fma(load_first(a + i, n - i), load_first(b + i, n - i), acc);
  return reduce_sum(acc);
}

inline float sum_squares(const float* a, size_t n) { return dot(a, a, n); }

inline void axpy(float* y, float a, const float* x, size_t n) {
  const V16 factor = set(a);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(fma(factor, load(x + i), load(y + i)), y + i);
  if (i < n) store_first(fma(factor, load_first(x + i, n - i), load_first(y + i, n - i)), y + i, n - i);
}

inline void add_rows(float* y, const float* a, const float* b, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

// RMSNorm (Zhang & Sennrich 2019).
inline float rms_norm(float* y, const float* x, const float* gain, size_t n, float eps) {
  const float r = 1.0f / std::sqrt(sum_squares(x, n) / float(n) + eps);
  for (size_t i = 0; i < n; ++i) y[i] = x[i] * r * gain[i];
  return r;
}

// With s = sum_i dy_i gain_i x_i: dx_i = r gain_i dy_i - r^3/n s x_i; dgain_i = dy_i x_i r.
inline void rms_norm_vjp(float* dx, float* dgain, const float* dy, const float* x, const float* gain, size_t n,
                         float r) {
  if (dgain != nullptr)
    for (size_t i = 0; i < n; ++i) dgain[i] += dy[i] * (x[i] * r);
  if (dx == nullptr) return;
  V16 acc = set(0.0f);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) acc = fma(mul(load(dy + i), load(gain + i)), load(x + i), acc);
  if (i < n) acc = fma(mul(load_first(dy + i, n - i), load_first(gain + i, n - i)), load_first(x + i, n - i), acc);
  const float c = reduce_sum(acc) * r * r * r / float(n);
  for (size_t j = 0; j < n; ++j) dx[j] += r * gain[j] * dy[j] - c * x[j];
}

// silu(g) * u with silu(g) = g * sigmoid(g) (Shazeer 2020, GLU variants).
inline void swiglu(float* y, const float* gate, const float* up, size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const V16 g = load(gate + i);
    store(mul(mul(g, sigmoid(g)), load(up + i)), y + i);
  }
  if (i == n) return;
  const V16 g = load_first(gate + i, n - i);
  store_first(mul(mul(g, sigmoid(g)), load_first(up + i, n - i)), y + i, n - i);
}

HWY_INLINE void swiglu_vjp_lanes(V16 g, V16 u, V16 d, V16& dg, V16& du) {
  const V16 s = sigmoid(g), silu = mul(g, s);
  du = fma(d, silu, du);
  // d silu/dg = s (1 + g (1 - s)) = s + silu (1 - s)
  dg = fma(mul(d, u), fma(silu, sub(set(1.0f), s), s), dg);
}

inline void swiglu_vjp(float* dgate, float* dup, const float* dy, const float* gate, const float* up, size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    V16 dg = load(dgate + i), du = load(dup + i);
    swiglu_vjp_lanes(load(gate + i), load(up + i), load(dy + i), dg, du);
    store(dg, dgate + i);
    store(du, dup + i);
  }
  if (i == n) return;
  const size_t rest = n - i;
  V16 dg = load_first(dgate + i, rest), du = load_first(dup + i, rest);
  swiglu_vjp_lanes(load_first(gate + i, rest), load_first(up + i, rest), load_first(dy + i, rest), dg, du);
  store_first(dg, dgate + i, rest);
  store_first(du, dup + i, rest);
}

inline void sigmoid_rows(float* y, const float* x, size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(sigmoid(load(x + i)), y + i);
  if (i < n) store_first(sigmoid(load_first(x + i, n - i)), y + i, n - i);
}

inline RowStats row_stats(const float* z, size_t n, float scale) {
  const V16 factor = set(scale);
  V16 top = mul(load_first(z, n < kLanes ? n : kLanes, z[0]), factor);
  for (size_t i = kLanes; i < n; i += kLanes)
    top = max(top, mul(n - i >= kLanes ? load(z + i) : load_first(z + i, n - i, z[0]), factor));
  const float m = reduce_max(top);
  const V16 shift = set(-m);
  V16 sum = set(0.0f);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) sum = add(sum, exp(fma(load(z + i), factor, shift)));
  if (i < n) {
    // Dead lanes add exp(-inf) = 0.
    alignas(64) float tail[kLanes];
    for (size_t j = 0; j < kLanes; ++j) tail[j] = i + j < n ? std::fma(z[i + j], scale, -m) : -INFINITY;
    sum = add(sum, exp(load(tail)));
  }
  return {m, float(exact_log(double(reduce_sum(sum))))};
}

inline void softmax(float* out, const float* z, size_t n, float scale, RowStats stats) {
  const V16 factor = set(scale), shift = set(-stats.max), log_sum = set(stats.log_sum);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(exp(sub(fma(load(z + i), factor, shift), log_sum)), out + i);
  if (i < n) store_first(exp(sub(fma(load_first(z + i, n - i), factor, shift), log_sum)), out + i, n - i);
}

// One parameter at a time is plain enough for the compiler to vectorise; no sum crosses lanes.
inline void adamw(float* w, float* m, float* v, const float* g, size_t n, const AdamWStep& s) {
  const float keep = 1.0f - s.lr * s.weight_decay, rest1 = 1.0f - s.beta1, rest2 = 1.0f - s.beta2;
  for (size_t i = 0; i < n; ++i) {
    const float gradient = g[i] * s.grad_scale;
    m[i] = s.beta1 * m[i] + rest1 * gradient;
    v[i] = s.beta2 * v[i] + rest2 * (gradient * gradient);
    const float step = (m[i] / s.bias1) / (std::sqrt(v[i] / s.bias2) + s.eps);
    w[i] = keep * w[i] - s.lr * step;
  }
}

}  // namespace r1::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
