// Linear maps: y = x W^T (+ b), one matrix for all rows, or one for each head. Arithmetic as kernels.h's gemm.
#pragma once
#include "tensor/graph.h"
#include "tensor/param.h"

namespace r1 {

// x [M, k], w [n, k] packed with count 1, bias [n] or null. Returns [M, n].
Tensor linear(Graph& g, const Tensor& x, Param& w, Param* bias = nullptr);
// x [M, heads*k], w: heads = w.count matrices [n, k]. Returns [M, heads*n]; head h maps its own columns.
Tensor linear_per_head(Graph& g, const Tensor& x, Param& w);

// x [M, k] shared by all heads -> [M, heads*n].
Tensor linear_to_heads(Graph& g, const Tensor& x, Param& w);

// The bare products, for ops that hold their own buffers. Each splits its outputs over the pool.
// y[rows][ldy] (+)= x w^T.
void product(const Exec& exec, const float* x, size_t ldx, size_t rows, const float* w, size_t n, size_t k, float* y,
             size_t ldy, bool accumulate);
// dx += dy w, dw += dy^T x. dx may be null, as may dw.
void product_vjp(Graph& g, const float* x, size_t ldx, const float* dy, size_t ldy, size_t rows, const float* w,
                 size_t n, size_t k, float* dx, size_t lddx, float* dw);

}  // namespace r1
