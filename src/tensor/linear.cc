#include "tensor/linear.h"

#include "base/result.h"
#include "tensor/pack.h"

namespace r1 {
namespace {

constexpr size_t kSmallProduct = 16 * 1024;  // multiply-adds below which a second thread costs more than it brings

// Cuts the longer of the two output sides; the bits do not depend on the cut.
void split_outputs(const Exec& exec, size_t rows, size_t n, size_t k,
                   const std::function<void(size_t, size_t, size_t, size_t)>& body) {
  const size_t panels = panels_of(n);
  if (rows * n * k < kSmallProduct) return body(0, rows, 0, panels);
  if (rows >= panels)
    exec.pool.for_ranges(rows, [&](size_t b, size_t e) { body(b, e, 0, panels); });
  else
    exec.pool.for_ranges(panels, [&](size_t b, size_t e) { body(0, rows, b, e); });
}

}  // namespace

void product(const Exec& exec, const float* x, size_t ldx, size_t rows, const float* w, size_t n, size_t k, float* y,
             size_t ldy, bool accumulate) {
  split_outputs(exec, rows, n, k, [&](size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end) {
    exec.kernels.gemm(x + row_begin * ldx, ldx, row_end - row_begin, w, k, n, panel_begin, panel_end,
                      y + row_begin * ldy, ldy, accumulate);
  });
}

void product_vjp(Graph& g, const float* x, size_t ldx, const float* dy, size_t ldy, size_t rows, const float* w,
                 size_t n, size_t k, float* dx, size_t lddx, float* dw) {
  if (rows == 0) return;
  const Exec& exec = g.exec;
  if (dx != nullptr) {
    FloatBuffer transposed = g.scratch(packed_size(k, n));
    exec.pool.for_ranges(panels_of(k), [&](size_t b, size_t e) { pack_transposed(transposed.data(), w, n, k, b, e); });
    product(exec, dy, ldy, rows, transposed.data(), k, n, dx, lddx, true);
    g.give_back(std::move(transposed));
  }
  if (dw != nullptr)
    exec.pool.for_ranges(k, [&](size_t b, size_t e) {
      exec.kernels.gemm_weight_grad(x, ldx, dy, ldy, rows, k, n, 0, panels_of(n), b, e, dw);
    });
}

Tensor linear(Graph& g, const Tensor& x, Param& w, Param* bias) {
  CHECK(w.layout == ParamLayout::packed && w.count == 1 && x.cols() == w.k);
  Tensor y = g.make(x.rows(), w.n);
  product(g.exec, x.data(), x.cols(), x.rows(), w.value.data(), w.n, w.k, y.data(), w.n, false);
  if (bias != nullptr)
    for (size_t r = 0; r < y.rows(); ++r) g.exec.kernels.add(y.row(r), y.row(r), bias->value.data(), w.n);
  if (g.recording())
    g.record([&g, x, y, &w, bias] {
      product_vjp(g, x.data(), w.k, y.grad(), w.n, x.rows(), w.value.data(), w.n, w.k, x.grad(), w.k,
                  w.trainable() ? w.grad.data() : nullptr);
      if (bias != nullptr && bias->trainable())
        for (size_t r = 0; r < y.rows(); ++r)
          g.exec.kernels.add(bias->grad.data(), bias->grad.data(), y.grad_row(r), w.n);
    });
  return y;
}

namespace {

// x_step: floats from one head's input to the next, 0 when they share it.
Tensor linear_heads(Graph& g, const Tensor& x, Param& w, size_t x_step) {
  CHECK(w.layout == ParamLayout::packed);
  Tensor y = g.make(x.rows(), w.count * w.n);
  for (size_t h = 0; h < w.count; ++h)
    product(g.exec, x.data() + h * x_step, x.cols(), x.rows(), w.slice(h), w.n, w.k, y.data() + h * w.n, y.cols(),
            false);
  if (g.recording())
    g.record([&g, x, y, &w, x_step] {
      for (size_t h = 0; h < w.count; ++h)
        product_vjp(g, x.data() + h * x_step, x.cols(), y.grad() + h * w.n, y.cols(), x.rows(), w.slice(h), w.n, w.k,
                    x.grad() + h * x_step, x.cols(), w.trainable() ? w.slice_grad(h) : nullptr);
    });
  return y;
}

}  // namespace

Tensor linear_per_head(Graph& g, const Tensor& x, Param& w) {
  CHECK(x.cols() == w.count * w.k);
  return linear_heads(g, x, w, w.k);
}

Tensor linear_to_heads(Graph& g, const Tensor& x, Param& w) {
  CHECK(x.cols() == w.k);
  return linear_heads(g, x, w, 0);
}

}  // namespace r1
