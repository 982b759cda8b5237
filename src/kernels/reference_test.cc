// The judge is judged: each gradient of the double twin against central differences of its own forward.
#include "kernels/reference.h"

#include <functional>

#include "kernels/test_data.h"

namespace r1 {
namespace {

using testing::Doubles;
using testing::Draw;
using testing::near;

Doubles draw(Draw& in, size_t n) { return testing::to_double(in(n)); }

// d loss / d x_i for every i, to about 1e-9.
void expect_gradient(Doubles& x, const Doubles& gradient, const std::function<double()>& loss) {
  constexpr double h = 1e-4;
  for (size_t i = 0; i < x.size(); ++i) {
    const double at = x[i];
    const auto value = [&](double step) {
      x[i] = at + step;
      return loss();
    };
    const double slope = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h);
    x[i] = at;
    EXPECT_TRUE(near(gradient[i], slope, 1e-8 * (1 + std::abs(slope)))) << i << ": " << gradient[i] << " " << slope;
  }
}

TEST(Near, RefusesWhatItMust) {
  EXPECT_TRUE(near(1.0, 1.05, 0.1));
  EXPECT_FALSE(near(1.0, 1.2, 0.1));
  EXPECT_FALSE(near(-1000.0, -10.0, 1.0));
  EXPECT_FALSE(near(NAN, 0.0, 1.0));
  EXPECT_FALSE(near(0.0, NAN, 1.0));
  EXPECT_FALSE(near(INFINITY, 0.0, 1.0));
  EXPECT_FALSE(testing::same(0.0f, -0.0f));
  EXPECT_FALSE(testing::same(1.0f, std::nextafter(1.0f, 2.0f)));
  EXPECT_FALSE(testing::same(testing::Floats{1, 2}, testing::Floats{1}));
}

TEST(Reference, GemmByHand) {
  const Doubles x{1, 2, 3, 4, 5, 6}, w{1, 0, -1, 2, 2, 2};  // [2][3] and [2][3]
  Doubles y(4, 100);
  reference::gemm(x.data(), 3, 2, w.data(), 3, 2, y.data(), 2, false);
  EXPECT_EQ(y, (Doubles{-2, 12, -2, 30}));
  reference::gemm(x.data(), 3, 2, w.data(), 3, 2, y.data(), 2, true);
  EXPECT_EQ(y, (Doubles{-4, 24, -4, 60}));
  Doubles dw(6, 1);
  const Doubles dy{1, 0, 0, 10};
  reference::gemm_weight_grad(x.data(), 3, dy.data(), 2, 2, 3, 2, dw.data());
  EXPECT_EQ(dw, (Doubles{2, 3, 4, 41, 51, 61}));
}

TEST(Reference, RmsNormGradient) {
  Draw in;
  const size_t n = 7;
  Doubles x = draw(in, n), gain = draw(in, n), dy = draw(in, n), y(n), dx(n), dgain(n);
  const auto loss = [&] {
    reference::rms_norm(y.data(), x.data(), gain.data(), n, 1e-3);
    return reference::dot(y.data(), dy.data(), n);
  };
  const double r = reference::rms_norm(y.data(), x.data(), gain.data(), n, 1e-3);
  EXPECT_NEAR(reference::sum_squares(x.data(), n) / n + 1e-3, 1 / (r * r), 1e-12);
  reference::rms_norm_vjp(dx.data(), dgain.data(), dy.data(), x.data(), gain.data(), n, r);
  expect_gradient(x, dx, loss);
  expect_gradient(gain, dgain, loss);
}

TEST(Reference, SwigluGradient) {
  Draw in;
  const size_t n = 9;
  Doubles gate = draw(in, n), up = draw(in, n), dy = draw(in, n), y(n), dgate(n), dup(n);
  const auto loss = [&] {
    reference::swiglu(y.data(), gate.data(), up.data(), n);
    return reference::dot(y.data(), dy.data(), n);
  };
  reference::swiglu_vjp(dgate.data(), dup.data(), dy.data(), gate.data(), up.data(), n);
  expect_gradient(gate, dgate, loss);
  expect_gradient(up, dup, loss);
}

TEST(Reference, SoftmaxByHand) {
  const Doubles z{0, std::log(3.0) / 2};
  Doubles p(2);
  reference::softmax(p.data(), z.data(), 2, 2);
  EXPECT_NEAR(p[0], 0.25, 1e-15);
  EXPECT_NEAR(p[1], 0.75, 1e-15);
  const auto stats = reference::row_stats(z.data(), 2, 2);
  EXPECT_NEAR(stats.max + stats.log_sum, std::log(4.0), 1e-15);
}

TEST(Reference, AttentionGradient) {
  Draw in;
  // The value overlaps the key, as in MLA's latent rows.
  const AttentionShape shape{
      .heads = 2, .keys = 5, .k_dim = 4, .v_dim = 3, .q_stride = 6, .out_stride = 5, .scale = 1.5f};
  const size_t stride = 7;
  Doubles q = draw(in, 12), rows = draw(in, 5 * stride), d_out = draw(in, 10), out(10), dq(12), drows(5 * stride);
  for (const size_t v_offset : {1, 4}) {
    const reference::Rows kv{rows.data(), stride, 1, v_offset};
    const auto loss = [&] {
      reference::attention(shape, q.data(), kv, out.data(), nullptr);
      return reference::dot(out.data(), d_out.data(), 3) + reference::dot(&out[5], &d_out[5], 3);
    };
    std::fill(dq.begin(), dq.end(), 0.0);
    std::fill(drows.begin(), drows.end(), 0.0);
    reference::attention_vjp(shape, q.data(), kv, d_out.data(), dq.data(), drows.data());
    expect_gradient(q, dq, loss);
    expect_gradient(rows, drows, loss);
  }
}

TEST(Reference, AdamWFirstStepByHand) {
  Doubles w{2}, m{0}, v{0};
  const Doubles g{4};
  // Bias-corrected moments of the first step are g and g^2: the step is its sign, plus decay.
  reference::adamw(w.data(), m.data(), v.data(), g.data(), 1,
                   {.lr = 0.5f,
                    .beta1 = 0.75f,
                    .beta2 = 0.875f,
                    .eps = 0,
                    .weight_decay = 0.25f,
                    .bias1 = 0.25f,
                    .bias2 = 0.125f,
                    .grad_scale = 0.5f});
  EXPECT_DOUBLE_EQ(m[0], 0.5);
  EXPECT_DOUBLE_EQ(v[0], 0.5);
  EXPECT_DOUBLE_EQ(w[0], 2 - 0.5 * (1 + 0.25 * 2));
}

}  // namespace
}  // namespace r1
