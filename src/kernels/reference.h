// The kernels' meaning: for each entry of the table (kernels.h), its plain twin in double precision. Slow, obviously
// right, and kept for ever: every table is judged by it. Matrices are logical here, w[n][k] row-major, without panels.
// Pure functions; no alignment, no padding, no size restrictions.
#pragma once
#include <cstddef>

#include "kernels/kernels.h"

namespace r1::reference {

// y[m][n] (+)= sum_k x[m][k] w[n][k].
void gemm(const double* x, size_t ldx, size_t rows, const double* w, size_t k, size_t n, double* y, size_t ldy,
          bool accumulate);
// dw[n][k] += sum_m x[m][k] dy[m][n].
void gemm_weight_grad(const double* x, size_t ldx, const double* dy, size_t ldy, size_t rows, size_t k, size_t n,
                      double* dw);

double dot(const double* a, const double* b, size_t n);
double sum_squares(const double* a, size_t n);
void axpy(double* y, double a, const double* x, size_t n);
void add(double* y, const double* a, const double* b, size_t n);

// Returns r = 1/sqrt(mean(x^2) + eps).
double rms_norm(double* y, const double* x, const double* gain, size_t n, double eps);
// Adds to dx and dgain (either may be null).
void rms_norm_vjp(double* dx, double* dgain, const double* dy, const double* x, const double* gain, size_t n, double r);

void swiglu(double* y, const double* gate, const double* up, size_t n);
void swiglu_vjp(double* dgate, double* dup, const double* dy, const double* gate, const double* up, size_t n);
void sigmoid(double* y, const double* x, size_t n);

struct Stats {
  double max = 0, log_sum = 0;
};
Stats row_stats(const double* z, size_t n, double scale);
void softmax(double* out, const double* z, size_t n, double scale);

// Keys and values as one array of rows.
struct Rows {
  const double* data = nullptr;
  size_t stride = 0, k_offset = 0, v_offset = 0;
};
// stats may be null.
void attention(const AttentionShape& shape, const double* q, const Rows& kv, double* out, Stats* stats);
// Adds to dq and dkv (rows as kv's).
void attention_vjp(const AttentionShape& shape, const double* q, const Rows& kv, const double* d_out, double* dq,
                   double* dkv);

void adamw(double* w, double* m, double* v, const double* g, size_t n, const AdamWStep& step);

}  // namespace r1::reference
