// Row kernels: sums in virtual lanes, axpy, add, RMSNorm, AdamW.
#include "kernels/reference.h"
#include "kernels/test_data.h"

namespace r1 {
namespace {

using namespace testing;

Doubles absolute(const Floats& v) {
  Doubles out = to_double(v);
  for (double& x : out) x = std::abs(x);
  return out;
}

// Roundings on the longest way of a term through a sum in virtual lanes.
double lane_chain(size_t n) { return double((n + kLanes - 1) / kLanes) + 4; }

TEST(Dot, IsTheWrittenArithmetic) {
  for (const Kernels* t : all_kernels())
    for (const size_t n : kOddSizes) {
      Draw in{{n, 1}};
      const Floats a = in(n), b = in(n);
      float lanes[kLanes] = {};
      for (size_t i = 0; i < n; ++i) lanes[i % kLanes] = std::fma(a[i], b[i], lanes[i % kLanes]);
      for (const size_t width : {8, 4, 2, 1})
        for (size_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
      EXPECT_TRUE(same(t->dot(a.data(), b.data(), n), lanes[0])) << t->name << " " << n;
      EXPECT_TRUE(near(lanes[0], reference::dot(to_double(a).data(), to_double(b).data(), n),
                       1.01 * lane_chain(n) * kUnit * reference::dot(absolute(a).data(), absolute(b).data(), n)));
      const double squares = reference::sum_squares(to_double(a).data(), n);
      EXPECT_TRUE(near(t->sum_squares(a.data(), n), squares, 1.01 * lane_chain(n) * kUnit * squares))
          << t->name << " " << n;
    }
}

TEST(Dot, OfNothingIsZero) {
  for (const Kernels* t : all_kernels()) EXPECT_TRUE(same(t->dot(nullptr, nullptr, 0), 0.0f));
}

TEST(AxpyAndAdd, RoundOnce) {
  for (const Kernels* t : all_kernels())
    for (const size_t n : kOddSizes) {
      Draw in{{n, 2}};
      const Floats x = in(n), start = in(n + 1);
      Floats y = start, sum(n + 1, 9.0f);
      t->axpy(y.data(), 0.7f, x.data(), n);
      t->add(sum.data(), x.data(), start.data(), n);
      for (size_t i = 0; i < n; ++i) {
        EXPECT_TRUE(same(y[i], std::fma(0.7f, x[i], start[i]))) << t->name << " " << n;
        EXPECT_TRUE(same(sum[i], x[i] + start[i])) << t->name << " " << n;
      }
      EXPECT_TRUE(same(y[n], start[n]));
      EXPECT_TRUE(same(sum[n], 9.0f));
    }
}

TEST(RmsNorm, IsNearTheTwin) {
  for (const Kernels* t : all_kernels())
    for (const size_t n : kOddSizes) {
      Draw in{{n, 3}};
      const Floats x = in(n, 3), gain = in(n);
      Floats y(n);
      const float r = t->rms_norm(y.data(), x.data(), gain.data(), n, 1e-6f);
      Doubles want(n);
      const double want_r =
          reference::rms_norm(want.data(), to_double(x).data(), to_double(gain).data(), n, double(1e-6f));
      const double error = (lane_chain(n) / 2 + 3) * kUnit;  // half of the sum's, which stands under a root
      EXPECT_TRUE(near(r, want_r, 1.01 * error * want_r)) << t->name << " " << n;
      for (size_t i = 0; i < n; ++i)
        EXPECT_TRUE(near(y[i], want[i], 1.01 * (error + 2 * kUnit) * std::abs(want[i]))) << t->name << " " << n;
    }
}

TEST(RmsNorm, OfZerosIsZero) {
  for (const Kernels* t : all_kernels()) {
    Floats y(5, 7.0f);
    const Floats x(5, 0.0f), gain(5, 2.0f);
    EXPECT_NEAR(t->rms_norm(y.data(), x.data(), gain.data(), 5, 1e-6f), 1000.0f, 1e-3);
    EXPECT_TRUE(same(y, Floats(5, 0.0f)));
  }
}

TEST(RmsNormVjp, IsNearTheTwinAndAdds) {
  for (const Kernels* t : all_kernels())
    for (const size_t n : kOddSizes) {
      Draw in{{n, 4}};
      const Floats x = in(n, 2), gain = in(n), dy = in(n), dx0 = in(n), dg0 = in(n);
      Floats y(n), dx = dx0, dg = dg0;
      const float r = t->rms_norm(y.data(), x.data(), gain.data(), n, 1e-5f);
      t->rms_norm_vjp(dx.data(), dg.data(), dy.data(), x.data(), gain.data(), n, r);
      Doubles want_dx = to_double(dx0), want_dg = to_double(dg0);
      reference::rms_norm_vjp(want_dx.data(), want_dg.data(), to_double(dy).data(), to_double(x).data(),
                              to_double(gain).data(), n, r);
      double along = 0;
      for (size_t i = 0; i < n; ++i) along += std::abs(double(dy[i]) * gain[i] * x[i]);
      for (size_t i = 0; i < n; ++i) {
        const double first = std::abs(double(r) * gain[i] * dy[i]),
                     second = along * r * r * r * std::abs(x[i]) / double(n);
        const double tolerance = kUnit * (2 * std::abs(dx0[i]) + 5 * first + (lane_chain(n) + 8) * second);
        EXPECT_TRUE(near(dx[i], want_dx[i], tolerance)) << t->name << " " << n;
        EXPECT_TRUE(near(dg[i], want_dg[i], kUnit * (std::abs(dg0[i]) + 4 * std::abs(double(dy[i]) * x[i] * r))))
            << t->name << " " << n;
      }
      // Either gradient alone is the same.
      Floats dx_alone = dx0, dg_alone = dg0;
      t->rms_norm_vjp(dx_alone.data(), nullptr, dy.data(), x.data(), gain.data(), n, r);
      t->rms_norm_vjp(nullptr, dg_alone.data(), dy.data(), x.data(), gain.data(), n, r);
      EXPECT_TRUE(same(dx_alone, dx));
      EXPECT_TRUE(same(dg_alone, dg));
    }
}

constexpr AdamWStep kStep{.lr = 1e-2f,
                          .beta1 = 0.9f,
                          .beta2 = 0.95f,
                          .eps = 1e-8f,
                          .weight_decay = 0.1f,
                          .bias1 = 0.19f,
                          .bias2 = 0.0975f,
                          .grad_scale = 0.5f};

TEST(AdamW, IsNearTheTwin) {
  for (const Kernels* t : all_kernels())
    for (const size_t n : kOddSizes) {
      Draw in{{n, 5}};
      const Floats w0 = in(n), m0 = in(n), g = in(n);
      Floats v0 = in(n);
      for (float& v : v0) v = v * v + 0.01f;
      Floats w = w0, m = m0, v = v0;
      t->adamw(w.data(), m.data(), v.data(), g.data(), n, kStep);
      Doubles want_w = to_double(w0), want_m = to_double(m0), want_v = to_double(v0);
      reference::adamw(want_w.data(), want_m.data(), want_v.data(), to_double(g).data(), n, kStep);
      for (size_t i = 0; i < n; ++i) {
        // 1 - beta rounds to within half an ulp of beta: relative to 1 - beta that is up to 1/(1-beta) units.
        const double m_error = kUnit * (3 * std::abs(m0[i]) + 4 * std::abs(g[i]));
        const double v_error = kUnit * (3 * want_v[i] + 4 * double(g[i]) * g[i]);
        EXPECT_TRUE(near(m[i], want_m[i], m_error)) << t->name;
        EXPECT_TRUE(near(v[i], want_v[i], v_error)) << t->name;
        const double root = std::sqrt(want_v[i] / double(kStep.bias2));
        const double step_error = m_error / double(kStep.bias1) / root +
                                  std::abs(want_m[i]) / double(kStep.bias1) / root * (v_error / want_v[i] + 6 * kUnit);
        EXPECT_TRUE(
            near(w[i], want_w[i], double(kStep.lr) * step_error + 4 * kUnit * (std::abs(w0[i]) + std::abs(want_w[i]))))
            << t->name;
      }
    }
}

// Every row kernel of a table on one set of inputs that start one float off any alignment.
Floats run_all(const Kernels& t, size_t n, const Floats& a, const Floats& b, const Floats& c) {
  const float *x = a.data() + 1, *y = b.data() + 1, *z = c.data() + 1;
  Floats out{t.dot(x, y, n), t.sum_squares(x, n)};
  const auto keep = [&](const Floats& v) { out = joined(std::move(out), v); };
  Floats u(c.begin(), c.end()), v(b.begin(), b.end());
  t.axpy(u.data() + 1, 0.3f, x, n);
  t.add(v.data() + 1, x, z, n);
  keep(u), keep(v);
  out.push_back(t.rms_norm(u.data() + 1, x, y, n, 1e-6f));
  keep(u);
  u = c, v = b;
  t.rms_norm_vjp(u.data() + 1, v.data() + 1, z, x, y, n, 0.37f);
  keep(u), keep(v);
  Floats w = c, m = b, second = a;
  for (float& s : second) s = std::abs(s);
  t.adamw(w.data() + 1, m.data() + 1, second.data() + 1, y, n, kStep);
  keep(w), keep(m), keep(second);
  return out;
}

TEST(RowKernels, EqualThePlainTableOnRandomSizesAndExtremeValues) {
  Draw in;
  for (int round = 0; round < 300; ++round) {
    const size_t n = in.size(1, 200);
    const bool harsh = round % 2 == 1;
    const auto draw = [&] { return harsh ? in.harsh(n + 2) : in(n + 2, 3); };
    const Floats a = draw(), b = draw(), c = draw(), want = run_all(plain_kernels(), n, a, b, c);
    for (const Kernels* t : simd_kernels())
      ASSERT_TRUE(same(run_all(*t, n, a, b, c), want)) << t->name << " " << n << " " << harsh;
  }
}

}  // namespace
}  // namespace r1
