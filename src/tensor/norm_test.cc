#include "tensor/norm.h"

#include "kernels/reference.h"
#include "tensor/vjp_check.h"

namespace r1 {
namespace {

using namespace testing;

TEST(RmsNorm, ForwardAndVjp) {
  for (const size_t cols : kOddSizes) {
    VjpCheck check;
    const Tensor x = check.input(5, cols, cols == 1 ? 1.5f : 0.25f);
    Param& gain = check.param(ParamLayout::rows, 1, cols, 1, 1);
    // One column: y = gain * sign(x) but for eps, so eps must be felt.
    const float eps = cols <= 2 ? 0.5f : 1e-6f;
    const auto op = [&](Graph& g) { return rms_norm(g, x, gain, eps); };
    EXPECT_TRUE(check(op)) << cols;
    const Floats y = check.forward(op);
    for (size_t r = 0; r < 5; ++r) {
      Doubles want(cols);
      reference::rms_norm(want.data(), to_double(Floats(x.row(r), x.row(r) + cols)).data(),
                          to_double(Floats(gain.value.data(), gain.value.data() + cols)).data(), cols, double(eps));
      for (size_t i = 0; i < cols; ++i) EXPECT_NEAR(y[r * cols + i], want[i], 3e-6);
    }
  }
}

TEST(RmsNorm, FrozenGainPassesTheGradientOn) {
  VjpCheck check;
  const Tensor x = check.input(3, 20);
  Param gain;
  gain.n = 20;
  gain.allocate(false);
  std::fill_n(gain.value.data(), 20, 1.5f);
  EXPECT_TRUE(check([&](Graph& g) { return rms_norm(g, x, gain, 1e-6f); }));
}

TEST(Swiglu, ForwardAndVjp) {
  for (const size_t cols : kOddSizes) {
    VjpCheck check;
    const Tensor gate = check.input(4, cols), up = check.input(4, cols);
    const auto op = [&](Graph& g) { return swiglu(g, gate, up); };
    EXPECT_TRUE(check(op)) << cols;
    const Floats y = check.forward(op);
    for (size_t i = 0; i < y.size(); ++i)
      EXPECT_NEAR(y[i], gate.data()[i] / (1 + std::exp(-double(gate.data()[i]))) * up.data()[i], 1e-6);
  }
}

}  // namespace
}  // namespace r1
