// The packed product and its weight gradient: judged by the double twin, and equal in bits however they are cut.
#include "kernels/reference.h"
#include "kernels/test_data.h"

namespace r1 {
namespace {

using namespace testing;

struct Product {
  size_t rows, k, n, ldx, ldy;
  Floats x, w, y;

  Product(Draw& in, size_t rows, size_t k, size_t n, size_t ldx, size_t ldy, bool harsh = false)
      : rows(rows), k(k), n(n), ldx(ldx), ldy(ldy) {
    x = harsh ? in.harsh(rows * ldx + 1) : in(rows * ldx + 1);
    w = packed(harsh ? in.harsh(n * k) : in(n * k), n, k);
    y = in(rows * ldy + 1);
  }
  // All pointers one float off, so that nothing is aligned.
  void run(const Kernels& t, Floats& out, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
           bool accumulate) const {
    t.gemm(x.data() + 1 + row_begin * ldx, ldx, row_end - row_begin, w.data(), k, n, panel_begin, panel_end,
           out.data() + 1 + row_begin * ldy, ldy, accumulate);
  }
  Floats whole(const Kernels& t, bool accumulate) const {
    Floats out = y;
    run(t, out, 0, rows, 0, panels_of(n), accumulate);
    return out;
  }
};

TEST(Gemm, IsWithinTheErrorOfItsChain) {
  for (const Kernels* t : all_kernels())
    for (const size_t k : kOddSizes)
      for (const size_t n : {1, 15, 16, 17, 33, 61})
        for (const size_t rows : {1, 2, 7, 17}) {
          Draw in{{k, n, rows}};
          const Floats x = in(rows * k), w = in(n * k), start = in(rows * n);
          for (const bool accumulate : {false, true}) {
            Floats y = start;
            t->gemm(x.data(), k, rows, packed(w, n, k).data(), k, n, 0, panels_of(n), y.data(), n, accumulate);
            Doubles want = to_double(start), size = to_double(start), dx = to_double(x), dw = to_double(w);
            reference::gemm(dx.data(), k, rows, dw.data(), k, n, want.data(), n, accumulate);
            for (Doubles* v : {&size, &dx, &dw})
              for (double& e : *v) e = std::abs(e);
            reference::gemm(dx.data(), k, rows, dw.data(), k, n, size.data(), n, accumulate);
            for (size_t i = 0; i < y.size(); ++i)
              ASSERT_TRUE(near(y[i], want[i], 1.01 * double(k) * kUnit * size[i]))
                  << t->name << " " << rows << " " << k << " " << n;
          }
        }
}

// The chain itself, written out: k ascending, one fma a term.
TEST(Gemm, IsTheWrittenArithmetic) {
  Draw in;
  const size_t k = 77, n = 21, rows = 9;
  const Floats x = in(rows * k), w = in(n * k), start = in(rows * n);
  for (const Kernels* t : all_kernels())
    for (const bool accumulate : {false, true}) {
      Floats y = start;
      t->gemm(x.data(), k, rows, packed(w, n, k).data(), k, n, 0, panels_of(n), y.data(), n, accumulate);
      for (size_t m = 0; m < rows; ++m)
        for (size_t j = 0; j < n; ++j) {
          float sum = accumulate ? start[m * n + j] : 0.0f;
          for (size_t i = 0; i < k; ++i) sum = std::fma(x[m * k + i], w[j * k + i], sum);
          ASSERT_TRUE(same(y[m * n + j], sum)) << t->name << " " << m << " " << j;
        }
    }
}

TEST(Gemm, EqualsThePlainTableOnRandomShapesAndExtremeValues) {
  Draw in;
  for (int round = 0; round < 150; ++round) {
    const size_t rows = in.size(1, 40), k = in.size(1, 70), n = in.size(1, 120);
    const Product p(in, rows, k, n, k + in.size(0, 3), n + in.size(0, 3), round % 2 == 1);
    const bool accumulate = in.rng.chance(0.5);
    const Floats want = p.whole(plain_kernels(), accumulate);
    for (const Kernels* t : simd_kernels())
      ASSERT_TRUE(same(p.whole(*t, accumulate), want)) << t->name << " " << rows << " " << k << " " << n;
    // What lies between the rows and past them stays as it was.
    ASSERT_TRUE(same(want[0], p.y[0]));
    for (size_t m = 0; m < rows; ++m)
      for (size_t j = n; j < p.ldy; ++j) ASSERT_TRUE(same(want[1 + m * p.ldy + j], p.y[1 + m * p.ldy + j]));
  }
}

TEST(Gemm, DoesNotDependOnTheCut) {
  Draw in;
  const size_t rows = 29, k = 45, n = 150;
  const Product p(in, rows, k, n, k, n);
  for (const Kernels* t : all_kernels())
    for (const bool accumulate : {false, true}) {
      const Floats want = p.whole(*t, accumulate);
      for (int round = 0; round < 60; ++round) {
        Floats out = p.y;
        for (size_t row = 0; row < rows;) {
          const size_t row_end = std::min(rows, row + in.size(1, 11));
          for (size_t panel = 0; panel < panels_of(n);) {
            const size_t panel_end = std::min(panels_of(n), panel + in.size(1, 6));
            p.run(*t, out, row, row_end, panel, panel_end, accumulate);
            panel = panel_end;
          }
          row = row_end;
        }
        ASSERT_TRUE(same(out, want)) << t->name;
      }
    }
}

TEST(Gemm, OneRowEqualsTheSameRowAmongAThousand) {
  Draw in;
  const size_t rows = 1000, k = 61, n = 83;
  const Product p(in, rows, k, n, k, n);
  for (const Kernels* t : all_kernels()) {
    const Floats want = p.whole(*t, false);
    for (const size_t row : {0, 1, 5, 6, 7, 500, 995, 996, 999}) {
      Floats out = p.y;
      p.run(*t, out, row, row + 1, 0, panels_of(n), false);
      for (size_t j = 0; j < n; ++j)
        ASSERT_TRUE(same(out[1 + row * n + j], want[1 + row * n + j])) << t->name << " " << row;
    }
  }
}

TEST(Gemm, AccumulatingContinuesTheChain) {
  Draw in;
  const size_t rows = 13, k = 50, n = 40;
  const Product p(in, rows, k, n, k, n);
  for (const Kernels* t : all_kernels())
    for (const size_t cut : {1, 16, 49}) {
      // The same w cut in its inputs: two packed matrices.
      Floats head, tail;
      for (size_t panel = 0; panel < panels_of(n); ++panel) {
        const auto begin = p.w.begin() + std::ptrdiff_t(panel * k * kLanes),
                   middle = begin + std::ptrdiff_t(cut * kLanes);
        head.insert(head.end(), begin, middle);
        tail.insert(tail.end(), middle, begin + std::ptrdiff_t(k * kLanes));
      }
      Floats out = p.y;
      const float* x = p.x.data() + 1;
      t->gemm(x, k, rows, head.data(), cut, n, 0, panels_of(n), out.data() + 1, n, false);
      t->gemm(x + cut, k, rows, tail.data(), k - cut, n, 0, panels_of(n), out.data() + 1, n, true);
      EXPECT_TRUE(same(out, p.whole(*t, false))) << t->name << " " << cut;
    }
}

Floats weight_grad(const Kernels& t, const Product& p, const Floats& dy, Floats dw, size_t row_begin, size_t row_end) {
  t.gemm_weight_grad(p.x.data() + 1 + row_begin * p.ldx, p.ldx, dy.data() + 1 + row_begin * p.ldy, p.ldy,
                     row_end - row_begin, p.k, p.n, 0, panels_of(p.n), 0, p.k, dw.data());
  return dw;
}

TEST(WeightGrad, IsWithinTheErrorOfItsChain) {
  for (const Kernels* t : all_kernels())
    for (const size_t k : {1, 2, 15, 17, 61})
      for (const size_t n : {1, 16, 17, 48})
        for (const size_t rows : {1, 2, 33, 200}) {
          Draw in{{k, n, rows}};
          const Floats x = in(rows * k), dy = in(rows * n), start = in(n * k);
          Floats dw = packed(start, n, k);
          t->gemm_weight_grad(x.data(), k, dy.data(), n, rows, k, n, 0, panels_of(n), 0, k, dw.data());
          Doubles want = to_double(start), size = to_double(start), ax = to_double(x), ady = to_double(dy);
          reference::gemm_weight_grad(ax.data(), k, ady.data(), n, rows, k, n, want.data());
          for (Doubles* v : {&size, &ax, &ady})
            for (double& e : *v) e = std::abs(e);
          reference::gemm_weight_grad(ax.data(), k, ady.data(), n, rows, k, n, size.data());
          for (size_t j = 0; j < panels_of(n) * kLanes; ++j)
            for (size_t i = 0; i < k; ++i) {
              const float got = dw[(j / kLanes * k + i) * kLanes + j % kLanes];
              if (j >= n)
                ASSERT_EQ(got, 0.0f) << "a dead lane";
              else
                ASSERT_TRUE(near(got, want[j * k + i], 1.01 * double(rows) * kUnit * size[j * k + i])) << t->name;
            }
        }
}

TEST(WeightGrad, EqualsThePlainTableHoweverCut) {
  Draw in;
  for (int round = 0; round < 100; ++round) {
    const size_t rows = in.size(1, 40), k = in.size(1, 70), n = in.size(1, 60);
    const Product p(in, rows, k, n, k + in.size(0, 2), n + in.size(0, 2), round % 2 == 1);
    const Floats dy = round % 4 == 1 ? in.harsh(p.y.size()) : in(p.y.size());
    const Floats start = packed(in(n * k), n, k), want = weight_grad(plain_kernels(), p, dy, start, 0, rows);
    for (const Kernels* t : all_kernels()) {
      ASSERT_TRUE(same(weight_grad(*t, p, dy, start, 0, rows), want)) << t->name;
      const size_t middle = in.size(0, rows);
      ASSERT_TRUE(same(weight_grad(*t, p, dy, weight_grad(*t, p, dy, start, 0, middle), middle, rows), want))
          << t->name << " rows cut";
      Floats dw = start;
      const size_t k_cut = in.size(0, k), panel_cut = in.size(0, panels_of(n));
      const auto part = [&](size_t panel_begin, size_t panel_end, size_t k_begin, size_t k_end) {
        t->gemm_weight_grad(p.x.data() + 1, p.ldx, dy.data() + 1, p.ldy, rows, k, n, panel_begin, panel_end, k_begin,
                            k_end, dw.data());
      };
      part(0, panel_cut, 0, k_cut);
      part(0, panel_cut, k_cut, k);
      part(panel_cut, panels_of(n), 0, k_cut);
      part(panel_cut, panels_of(n), k_cut, k);
      ASSERT_TRUE(same(dw, want)) << t->name << " outputs cut";
    }
  }
}

}  // namespace
}  // namespace r1
