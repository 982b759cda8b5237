#include "tensor/norm.h"

#include <algorithm>
#include <vector>

#include "base/result.h"

namespace r1 {

Tensor rms_norm(Graph& g, const Tensor& x, Param& gain, float eps) {
  CHECK(gain.n == x.cols());
  Tensor y = g.make(x.rows(), x.cols());
  std::vector<float> r(x.rows());
  const Exec& exec = g.exec;
  exec.pool.for_ranges(x.rows(), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      r[i] = exec.kernels.rms_norm(y.row(i), x.row(i), gain.value.data(), x.cols(), eps);
  });
  if (g.recording())
    g.record([exec, x, y, &gain, r = std::move(r)] {
      float *dx = x.grad(), *dy = y.grad();
      const size_t n = x.cols();
      exec.pool.for_ranges(x.rows(), [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i)
          exec.kernels.rms_norm_vjp(dx + i * n, nullptr, dy + i * n, x.row(i), gain.value.data(), n, r[i]);
      });
      // The gain's gradient sums over rows: one fixed order, so one thread.
      if (gain.trainable())
        for (size_t i = 0; i < x.rows(); ++i)
          exec.kernels.rms_norm_vjp(nullptr, gain.grad.data(), dy + i * n, x.row(i), gain.value.data(), n, r[i]);
    });
  return y;
}

Tensor swiglu(Graph& g, const Tensor& gate, const Tensor& up) {
  CHECK(gate.rows() == up.rows() && gate.cols() == up.cols());
  Tensor y = g.make(gate.rows(), gate.cols());
  const Exec& exec = g.exec;
  const size_t n = gate.cols();
  exec.pool.for_ranges(gate.rows(),
                       [&](size_t b, size_t e) { exec.kernels.swiglu(y.row(b), gate.row(b), up.row(b), (e - b) * n); });
  if (g.recording())
    g.record([exec, gate, up, y, n] {
      float *dg = gate.grad(), *du = up.grad(), *dy = y.grad();
      exec.pool.for_ranges(gate.rows(), [&](size_t b, size_t e) {
        exec.kernels.swiglu_vjp(dg + b * n, du + b * n, dy + b * n, gate.row(b), up.row(b), (e - b) * n);
      });
    });
  return y;
}

}  // namespace r1
