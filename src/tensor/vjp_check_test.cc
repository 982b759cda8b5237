// The checker is checked: it passes a right gradient and refuses wrong ones.
#include "tensor/vjp_check.h"

namespace r1 {
namespace {

using testing::VjpCheck;

// y = a^2 * b with a gradient that is off in one named way.
enum class Fault { none, factor, sign, missing_b, overwrites, first_entry, thread_order, nan };

Tensor square_times(Graph& g, const Tensor& a, const Tensor& b, Fault fault) {
  Tensor y = g.make(a.rows(), a.cols());
  for (size_t i = 0; i < y.size(); ++i) y.data()[i] = a.data()[i] * a.data()[i] * b.data()[i];
  if (fault == Fault::thread_order) y.data()[0] += float(g.exec.pool.threads()) * 1e-7f;
  if (g.recording())
    g.record([a, b, y, fault] {
      for (size_t i = 0; i < y.size(); ++i) {
        float da = 2 * a.data()[i] * b.data()[i] * y.grad()[i];
        if (fault == Fault::factor) da *= 1.005f;
        if (fault == Fault::sign) da = -da;
        if (fault == Fault::first_entry && i == 0) da = 0;
        if (fault == Fault::nan && i == 1) da = NAN;
        a.grad()[i] = fault == Fault::overwrites ? da : a.grad()[i] + da;
        if (fault != Fault::missing_b) b.grad()[i] += a.data()[i] * a.data()[i] * y.grad()[i];
      }
    });
  return y;
}

TEST(VjpCheck, PassesARightGradientOnly) {
  for (const size_t cols : {1, 3, 50}) {
    VjpCheck check;
    const Tensor a = check.input(5, cols), b = check.input(5, cols, 1);
    EXPECT_TRUE(check([&](Graph& g) { return square_times(g, a, b, Fault::none); }));
    for (const Fault fault : {Fault::factor, Fault::sign, Fault::missing_b, Fault::overwrites, Fault::first_entry,
                              Fault::thread_order, Fault::nan})
      EXPECT_FALSE(check([&](Graph& g) { return square_times(g, a, b, fault); })) << int(fault);
  }
}

TEST(VjpCheck, RefusesGradientsInDeadLanes) {
  VjpCheck check;
  Param& w = check.param(ParamLayout::packed, 2, 3, 2);
  const auto op = [&](bool everywhere) {
    return [&w, everywhere](Graph& g) {
      Tensor y = g.make(1, w.storage());
      for (size_t i = 0; i < w.storage(); ++i) y.data()[i] = w.value[i];
      if (g.recording())
        g.record([&w, y, everywhere] {
          for (size_t i = 0; i < w.storage(); ++i)
            if (i % kLanes < 3 || everywhere) w.grad[i] += y.grad()[i];
        });
      return y;
    };
  };
  EXPECT_TRUE(check(op(false)));
  EXPECT_FALSE(check(op(true)));
}

}  // namespace
}  // namespace r1
