#include "kernels/reference.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace r1::reference {
namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

std::vector<double> attention_weights(const AttentionShape& s, const double* q, const Rows& kv, Stats* stats) {
  std::vector<double> z(s.keys), p(s.keys);
  for (size_t j = 0; j < s.keys; ++j) z[j] = dot(q, kv.data + j * kv.stride + kv.k_offset, s.k_dim);
  softmax(p.data(), z.data(), s.keys, double(s.scale));
  if (stats != nullptr) *stats = row_stats(z.data(), s.keys, double(s.scale));
  return p;
}

}  // namespace

void gemm(const double* x, size_t ldx, size_t rows, const double* w, size_t k, size_t n, double* y, size_t ldy,
          bool accumulate) {
  for (size_t m = 0; m < rows; ++m)
    for (size_t j = 0; j < n; ++j) y[m * ldy + j] = (accumulate ? y[m * ldy + j] : 0) + dot(x + m * ldx, w + j * k, k);
}

void gemm_weight_grad(const double* x, size_t ldx, const double* dy, size_t ldy, size_t rows, size_t k, size_t n,
                      double* dw) {
  for (size_t m = 0; m < rows; ++m)
    for (size_t j = 0; j < n; ++j)
      for (size_t i = 0; i < k; ++i) dw[j * k + i] += x[m * ldx + i] * dy[m * ldy + j];
}

double dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

double sum_squares(const double* a, size_t n) { return dot(a, a, n); }

void axpy(double* y, double a, const double* x, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

void add(double* y, const double* a, const double* b, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

double rms_norm(double* y, const double* x, const double* gain, size_t n, double eps) {
  const double r = 1 / std::sqrt(sum_squares(x, n) / double(n) + eps);
  for (size_t i = 0; i < n; ++i) y[i] = x[i] * r * gain[i];
  return r;
}

// y_i = g_i x_i r(x) and dr/dx_j = -r^3 x_j / n.
void rms_norm_vjp(double* dx, double* dgain, const double* dy, const double* x, const double* gain, size_t n,
                  double r) {
  double along = 0;
  for (size_t i = 0; i < n; ++i) along += dy[i] * gain[i] * x[i];
  for (size_t i = 0; i < n; ++i) {
    if (dx != nullptr) dx[i] += dy[i] * gain[i] * r - along * r * r * r * x[i] / double(n);
    if (dgain != nullptr) dgain[i] += dy[i] * x[i] * r;
  }
}

void swiglu(double* y, const double* gate, const double* up, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = gate[i] * logistic(gate[i]) * up[i];
}

void swiglu_vjp(double* dgate, double* dup, const double* dy, const double* gate, const double* up, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const double s = logistic(gate[i]);
    dgate[i] += dy[i] * up[i] * (s + gate[i] * s * (1 - s));
    dup[i] += dy[i] * gate[i] * s;
  }
}

void sigmoid(double* y, const double* x, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = logistic(x[i]);
}

Stats row_stats(const double* z, size_t n, double scale) {
  Stats stats{z[0] * scale, 0};
  for (size_t i = 0; i < n; ++i) stats.max = std::max(stats.max, z[i] * scale);
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += std::exp(z[i] * scale - stats.max);
  stats.log_sum = std::log(sum);
  return stats;
}

void softmax(double* out, const double* z, size_t n, double scale) {
  const Stats stats = row_stats(z, n, scale);
  for (size_t i = 0; i < n; ++i) out[i] = std::exp(z[i] * scale - stats.max - stats.log_sum);
}

void attention(const AttentionShape& s, const double* q, const Rows& kv, double* out, Stats* stats) {
  for (size_t h = 0; h < s.heads; ++h) {
    const auto p = attention_weights(s, q + h * s.q_stride, kv, stats == nullptr ? nullptr : stats + h);
    double* o = out + h * s.out_stride;
    std::fill_n(o, s.v_dim, 0.0);
    for (size_t j = 0; j < s.keys; ++j) axpy(o, p[j], kv.data + j * kv.stride + kv.v_offset, s.v_dim);
  }
}

void attention_vjp(const AttentionShape& s, const double* q, const Rows& kv, const double* d_out, double* dq,
                   double* dkv) {
  std::vector<double> dp(s.keys);
  for (size_t h = 0; h < s.heads; ++h) {
    const double *q_h = q + h * s.q_stride, *g = d_out + h * s.out_stride;
    const auto p = attention_weights(s, q_h, kv, nullptr);
    for (size_t j = 0; j < s.keys; ++j) dp[j] = dot(g, kv.data + j * kv.stride + kv.v_offset, s.v_dim);
    const double mean = dot(p.data(), dp.data(), s.keys);
    for (size_t j = 0; j < s.keys; ++j) {
      const double ds = p[j] * (dp[j] - mean) * double(s.scale);
      axpy(dq + h * s.q_stride, ds, kv.data + j * kv.stride + kv.k_offset, s.k_dim);
      axpy(dkv + j * kv.stride + kv.k_offset, ds, q_h, s.k_dim);
      axpy(dkv + j * kv.stride + kv.v_offset, p[j], g, s.v_dim);
    }
  }
}

// Loshchilov & Hutter 2019, algorithm 2, with the decay scaled by the learning rate as common frameworks do.
void adamw(double* w, double* m, double* v, const double* g, size_t n, const AdamWStep& s) {
  for (size_t i = 0; i < n; ++i) {
    const double gradient = g[i] * double(s.grad_scale);
    m[i] = double(s.beta1) * m[i] + (1 - double(s.beta1)) * gradient;
    v[i] = double(s.beta2) * v[i] + (1 - double(s.beta2)) * gradient * gradient;
    const double step = m[i] / double(s.bias1) / (std::sqrt(v[i] / double(s.bias2)) + double(s.eps));
    w[i] -= double(s.lr) * (step + double(s.weight_decay) * w[i]);
  }
}

}  // namespace r1::reference
