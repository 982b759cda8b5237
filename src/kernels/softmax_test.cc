// The polynomial exp and what is made of it: sigmoid, SwiGLU, row statistics, softmax.
#include <bit>
#include <limits>

#include "kernels/reference.h"
#include "kernels/test_data.h"

namespace r1 {
namespace {

using namespace testing;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr double kExpError = 0x1p-22;  // relative, as lanes-inl.h states
constexpr double kDenormal = 0x1p-149;

// With empty statistics softmax is exp itself.
Floats exps(const Kernels& t, const Floats& x) {
  Floats y(x.size());
  t.softmax(y.data(), x.data(), x.size(), 1.0f, RowStats{});
  return y;
}

TEST(Exp, StaysWithinItsStatedErrorOverTheWholeRange) {
  Floats x;
  const auto sweep = [&](float from, float to) {  // a prime stride through the bit patterns
    for (uint32_t bits = std::bit_cast<uint32_t>(from); bits <= std::bit_cast<uint32_t>(to); bits += 1499)
      x.push_back(std::bit_cast<float>(bits));
  };
  sweep(0.0f, 88.72f);
  sweep(-0.0f, -103.97f);
  for (const Kernels* t : all_kernels()) {
    const Floats y = exps(*t, x);
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = std::exp(double(x[i]));
      ASSERT_TRUE(near(y[i], want, kExpError * want + (want < 0x1p-126 ? kDenormal : 0)))
          << t->name << " exp(" << x[i] << ") = " << y[i];
    }
  }
}

TEST(Exp, MeetsItsLimits) {
  for (const Kernels* t : all_kernels()) {
    const Floats y =
        exps(*t, {0.0f, -0.0f, kInf, -kInf, NAN, 88.73f, 1e30f, -104.0f, -1e30f, 88.7228f, -103.9f, 1e-45f});
    EXPECT_TRUE(same(y[0], 1.0f) && same(y[1], 1.0f)) << t->name;
    EXPECT_TRUE(same(y[2], kInf) && same(y[3], 0.0f)) << t->name;
    EXPECT_TRUE(std::isnan(y[4])) << t->name;
    EXPECT_TRUE(same(y[5], kInf) && same(y[6], kInf)) << t->name;
    EXPECT_TRUE(same(y[7], 0.0f) && same(y[8], 0.0f)) << t->name;
    EXPECT_TRUE(std::isfinite(y[9]) && y[9] > 3.4e38f) << t->name << " " << y[9];
    EXPECT_TRUE(same(y[10], 1e-45f)) << t->name << " " << y[10];
    EXPECT_TRUE(same(y[11], 1.0f)) << t->name;
  }
}

TEST(Exp, NeverFallsAsItsArgumentRises) {
  for (const Kernels* t : all_kernels()) {
    Floats x;
    for (float v = -104.5f; v < 89.5f; v += 0.0037f) x.push_back(v);
    const Floats y = exps(*t, x);
    for (size_t i = 1; i < y.size(); ++i) ASSERT_LE(y[i - 1], y[i]) << t->name << " at " << x[i];
  }
}

// 1/(1+e^-x): exp's error and two roundings; below -88 the power overflows and the result is 0 instead of a denormal.
constexpr double kSigmoidError = kExpError + 2 * kUnit, kSigmoidFloor = 4e-39;

TEST(Sigmoid, IsNearTheTwin) {
  for (const Kernels* t : all_kernels())
    for (const size_t n : kOddSizes) {
      Draw in{{n, 6}};
      Floats x = in(n, 30), y(n);
      x[0] = -120;
      if (n > 1) x[1] = 120;
      t->sigmoid(y.data(), x.data(), n);
      Doubles want(n);
      reference::sigmoid(want.data(), to_double(x).data(), n);
      for (size_t i = 0; i < n; ++i)
        EXPECT_TRUE(near(y[i], want[i], 1.01 * kSigmoidError * want[i] + kSigmoidFloor)) << t->name << " " << x[i];
    }
}

TEST(Swiglu, IsNearTheTwinForwardAndBackward) {
  for (const Kernels* t : all_kernels())
    for (const size_t n : kOddSizes) {
      Draw in{{n, 7}};
      const Floats gate = in(n, n % 2 == 1 ? 3.0f : 100.0f), up = in(n), dy = in(n), dg0 = in(n), du0 = in(n);
      Floats y(n), dg = dg0, du = du0;
      t->swiglu(y.data(), gate.data(), up.data(), n);
      t->swiglu_vjp(dg.data(), du.data(), dy.data(), gate.data(), up.data(), n);
      Doubles want(n), want_dg = to_double(dg0), want_du = to_double(du0), s(n);
      const Doubles g = to_double(gate), u = to_double(up), d = to_double(dy);
      reference::swiglu(want.data(), g.data(), u.data(), n);
      reference::swiglu_vjp(want_dg.data(), want_du.data(), d.data(), g.data(), u.data(), n);
      reference::sigmoid(s.data(), g.data(), n);
      for (size_t i = 0; i < n; ++i) {
        const double floor = kSigmoidFloor * (1 + std::abs(g[i]));
        EXPECT_TRUE(near(y[i], want[i], 1.01 * (kSigmoidError + 2 * kUnit) * std::abs(want[i]) + floor))
            << t->name << " " << g[i];
        const double silu = std::abs(g[i]) * s[i];
        // 1 - s loses what s has lost: absolute, not relative to 1 - s.
        const double dg_error = std::abs(d[i] * u[i]) * (s[i] + silu) * (2 * kSigmoidError + 5 * kUnit) +
                                kUnit * (std::abs(dg0[i]) + std::abs(want_dg[i]));
        EXPECT_TRUE(near(dg[i], want_dg[i], dg_error + floor)) << t->name << " " << g[i];
        const double du_error =
            std::abs(d[i]) * silu * (kSigmoidError + 3 * kUnit) + kUnit * (std::abs(du0[i]) + std::abs(want_du[i]));
        EXPECT_TRUE(near(du[i], want_du[i], du_error + floor)) << t->name << " " << g[i];
      }
    }
}

// log sum exp: each power errs by its own error and by its argument's rounding; weighted by probability the arguments
// average at most log n.
double lse_error(size_t n) { return kUnit * (double((n + 15) / 16) + 4 + 2 * std::log(double(n) + 1)) + kExpError; }

TEST(Softmax, IsNearTheTwin) {
  for (const Kernels* t : all_kernels())
    for (const size_t n : kOddSizes)
      for (const float range : {1.0f, 20.0f, 3000.0f}) {
        Draw in{{n, 8}};
        const Floats z = in(n, range);
        const float scale = 0.37f;
        const RowStats stats = t->row_stats(z.data(), n, scale);
        const auto want = reference::row_stats(to_double(z).data(), n, double(scale));
        EXPECT_TRUE(near(stats.max, want.max, kUnit * std::abs(want.max))) << t->name;
        const double sum_error = lse_error(n) + kUnit * (std::abs(want.log_sum) + std::abs(want.max));
        EXPECT_TRUE(near(double(stats.max) + double(stats.log_sum), want.max + want.log_sum, sum_error))
            << t->name << " " << n << " " << range;
        Floats p(n);
        Doubles want_p(n);
        t->softmax(p.data(), z.data(), n, scale, stats);
        reference::softmax(want_p.data(), to_double(z).data(), n, double(scale));
        for (size_t i = 0; i < n; ++i) {
          const double argument = std::abs(double(z[i]) * double(scale) - want.max) + want.log_sum + 1;
          EXPECT_TRUE(
              near(p[i], want_p[i], 1.01 * (kExpError + sum_error + 2 * kUnit * argument) * want_p[i] + kDenormal))
              << t->name << " " << n << " " << range;
        }
      }
}

TEST(Softmax, TakesMinusInfinityAsNothing) {
  for (const Kernels* t : all_kernels())
    for (const size_t n : {2, 17, 40}) {
      Floats z(n, -kInf), p(n);
      z[n - 1] = 2.5f;
      const RowStats stats = t->row_stats(z.data(), n, 2.0f);
      EXPECT_TRUE(same(stats.max, 5.0f) && same(stats.log_sum, 0.0f)) << t->name;
      t->softmax(p.data(), z.data(), n, 2.0f, stats);
      for (size_t i = 0; i < n; ++i) EXPECT_TRUE(same(p[i], i + 1 == n ? 1.0f : 0.0f)) << t->name << " " << i;
    }
}

TEST(Softmax, OfEqualNumbersIsUniform) {
  for (const Kernels* t : all_kernels())
    for (const size_t n : kOddSizes) {
      const Floats z(n, -1e30f);
      Floats p(n);
      t->softmax(p.data(), z.data(), n, 1.0f, t->row_stats(z.data(), n, 1.0f));
      for (const float v : p) EXPECT_NEAR(v, 1.0 / double(n), 1e-6 / double(n)) << t->name;
    }
}

Floats run_all(const Kernels& t, size_t n, const Floats& a, const Floats& b, const Floats& c) {
  const float *x = a.data() + 1, *y = b.data() + 1, *z = c.data() + 1;
  Floats u = c, v = b, out;
  const auto keep = [&](const Floats& values) { out = joined(std::move(out), values); };
  t.sigmoid(u.data() + 1, x, n);
  keep(u);
  t.swiglu(u.data() + 1, x, y, n);
  keep(u);
  u = c;
  t.swiglu_vjp(u.data() + 1, v.data() + 1, z, x, y, n);
  keep(u), keep(v);
  const RowStats stats = t.row_stats(x, n, 0.37f);
  t.softmax(u.data() + 1, x, n, 0.37f, stats);
  keep(u), keep({stats.max, stats.log_sum});
  return out;
}

TEST(Activations, EqualThePlainTableOnRandomSizesAndExtremeValues) {
  Draw in;
  for (int round = 0; round < 400; ++round) {
    const size_t n = in.size(1, 200);
    const auto draw = [&]() -> Floats {
      return round % 2 == 1 ? in.harsh(n + 2) : in(n + 2, round % 4 == 0 ? 5.0f : 150.0f);
    };
    Floats a = draw();
    const Floats b = draw(), c = draw();
    if (round % 8 == 7 && n > 1) a[1] = -kInf;
    const Floats want = run_all(plain_kernels(), n, a, b, c);
    for (const Kernels* t : simd_kernels())
      ASSERT_TRUE(same(run_all(*t, n, a, b, c), want)) << t->name << " " << n << " " << round;
  }
}

}  // namespace
}  // namespace r1
