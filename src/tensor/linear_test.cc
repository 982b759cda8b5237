#include "tensor/linear.h"

#include "kernels/reference.h"
#include "tensor/norm.h"
#include "tensor/pack.h"
#include "tensor/shape_ops.h"
#include "tensor/vjp_check.h"

namespace r1 {
namespace {

using namespace testing;

constexpr auto kPacked = ParamLayout::packed;
constexpr auto kRows = ParamLayout::rows;

struct Sizes {
  size_t rows, n, k;
};
constexpr Sizes kSizes[] = {{1, 1, 1},   {1, 17, 5},   {2, 16, 16},  {3, 15, 31},
                            {7, 33, 17}, {40, 61, 33}, {3, 200, 40}, {2, 90, 100}};

TEST(Pack, RoundTripsAndClearsDeadLanes) {
  Draw in;
  for (const auto& [ld, n, k] : {Sizes{9, 1, 1}, Sizes{9, 16, 3}, Sizes{9, 17, 9}, Sizes{40, 47, 33}}) {
    const Floats rows = in(n * ld);
    Floats packed(packed_size(n, k), 9.0f), back(n * ld, -1.0f);
    pack_rows(packed.data(), rows.data(), ld, n, k);
    Floats logical;
    for (size_t j = 0; j < n; ++j) logical.insert(logical.end(), &rows[j * ld], &rows[j * ld] + k);
    EXPECT_TRUE(same(packed, testing::packed(logical, n, k)));
    unpack_rows(back.data(), ld, packed.data(), n, k);
    for (size_t j = 0; j < n; ++j)
      for (size_t i = 0; i < ld; ++i) EXPECT_EQ(back[j * ld + i], i < k ? rows[j * ld + i] : -1.0f);
  }
}

TEST(Pack, TransposesInPanels) {
  Draw in;
  for (const auto& [cut, n, k] : {Sizes{0, 1, 1}, Sizes{1, 16, 33}, Sizes{2, 17, 50}, Sizes{1, 47, 16}}) {
    const Floats w = in(n * k);
    Floats transposed(k * n), got(packed_size(k, n), 9.0f);
    for (size_t j = 0; j < n; ++j)
      for (size_t i = 0; i < k; ++i) transposed[i * n + j] = w[j * k + i];
    const Floats packed = testing::packed(w, n, k);
    pack_transposed(got.data(), packed.data(), n, k, cut, panels_of(k));
    pack_transposed(got.data(), packed.data(), n, k, 0, cut);
    EXPECT_TRUE(same(got, testing::packed(transposed, k, n))) << n << " " << k;
  }
}

// y of head h: columns [h*n, ..) from x's columns at h*x_step.
void expect_near_twin(const Floats& y, const Tensor& x, const Param& w, size_t x_step, const Param* bias) {
  const Doubles dx = to_double(Floats(x.data(), x.data() + x.size()));
  const size_t width = w.count * w.n;
  ASSERT_EQ(y.size(), x.rows() * width);
  for (size_t h = 0; h < w.count; ++h) {
    Floats logical(w.n * w.k);
    unpack_rows(logical.data(), w.k, w.slice(h), w.n, w.k);
    Doubles want(x.rows() * w.n);
    reference::gemm(&dx[h * x_step], x.cols(), x.rows(), to_double(logical).data(), w.k, w.n, want.data(), w.n, false);
    for (size_t r = 0; r < x.rows(); ++r)
      for (size_t j = 0; j < w.n; ++j) {
        const double tolerance = kUnit * double(w.k + 2) * double(w.k + 1);  // |x|, |w|, |b| <= 1
        ASSERT_TRUE(
            near(y[r * width + h * w.n + j], want[r * w.n + j] + (bias == nullptr ? 0 : bias->value[j]), tolerance));
      }
  }
}

TEST(Linear, ForwardAndVjp) {
  for (const auto& [rows, n, k] : kSizes) {
    VjpCheck check;
    const Tensor x = check.input(rows, k);
    Param& w = check.param(kPacked, 1, n, k);
    const auto op = [&](Graph& g) { return linear(g, x, w); };
    EXPECT_TRUE(check(op)) << rows << " " << n << " " << k;
    expect_near_twin(check.forward(op), x, w, 0, nullptr);
  }
}

TEST(Linear, ForwardAndVjpWithBias) {
  for (const auto& [rows, n, k] : kSizes) {
    VjpCheck check;
    const Tensor x = check.input(rows, k);
    Param &w = check.param(kPacked, 1, n, k), &b = check.param(kRows, 1, n);
    const auto op = [&](Graph& g) { return linear(g, x, w, &b); };
    EXPECT_TRUE(check(op)) << rows << " " << n << " " << k;
    expect_near_twin(check.forward(op), x, w, 0, &b);
  }
}

TEST(Linear, PerHeadAndToHeads) {
  for (const auto& [rows, n, k] : kSizes)
    for (const size_t heads : {1, 3}) {
      VjpCheck check, shared;
      const Tensor x = check.input(rows, heads * k), s = shared.input(rows, k);
      Param &w = check.param(kPacked, heads, n, k), &v = shared.param(kPacked, heads, n, k);
      const auto own = [&](Graph& g) { return linear_per_head(g, x, w); };
      const auto all = [&](Graph& g) { return linear_to_heads(g, s, v); };
      EXPECT_TRUE(check(own)) << rows << " " << n << " " << k << " " << heads;
      EXPECT_TRUE(shared(all)) << rows << " " << n << " " << k << " " << heads;
      expect_near_twin(check.forward(own), x, w, k, nullptr);
      expect_near_twin(shared.forward(all), s, v, 0, nullptr);
    }
}

TEST(Linear, FrozenWeightsPassTheGradientOn) {
  VjpCheck check;
  const Tensor x = check.input(4, 9);
  Param w, b;
  w.layout = kPacked, w.n = 17, w.k = 9, b.n = 17;
  w.allocate(false), b.allocate(false);
  Draw in;
  pack_rows(w.value.data(), in(17 * 9).data(), 9, 17, 9);
  EXPECT_TRUE(check([&](Graph& g) { return linear(g, x, w, &b); }));
}

TEST(Linear, OfNoRowsIsNothing) {
  ThreadPool threads(2);
  BufferPool pool;
  Graph g({*all_kernels().front(), threads}, pool, true);
  Param w;
  w.layout = kPacked, w.n = 17, w.k = 9;
  w.allocate(true);
  EXPECT_EQ(linear(g, g.make(0, 9), w).size(), 0u);
  g.backward();
  EXPECT_EQ(std::count(w.grad.data(), w.grad.data() + w.storage(), 0.0f), std::ptrdiff_t(w.storage()));
}

// Rows [begin, end) of a batch through embed, rms_norm and a linear map with bias, and back.
struct Model {
  Param table, gain, w, b;
  Model() {
    table.n = 11, table.k = 33, gain.n = 33, w.layout = kPacked, w.n = 47, w.k = 33, b.n = 47;
    Draw in;
    for (Param* p : {&table, &gain, &w, &b}) {
      p->allocate(true);
      for (float& v : p->value.span()) v = in.value();
    }
    pack_rows(w.value.data(), in(47 * 33).data(), 33, 47, 33);
  }
  Floats gradients() {
    Floats out;
    for (Param* p : {&table, &gain, &w, &b})
      out = joined(std::move(out), Floats(p->grad.data(), p->grad.data() + p->storage()));
    return out;
  }
};

void pass(Model& m, std::span<const int> ids, size_t begin, size_t end, size_t threads) {
  ThreadPool workers(threads);
  BufferPool pool;
  Graph g({*all_kernels().front(), workers}, pool, true);
  const Tensor y = linear(g, rms_norm(g, embed(g, m.table, ids.subspan(begin, end - begin)), m.gain, 1e-6f), m.w, &m.b);
  for (size_t r = 0; r < y.rows(); ++r)
    for (size_t i = 0; i < y.cols(); ++i) y.grad_row(r)[i] = float(uniform(1, begin + r, i) - 0.5);
  g.backward();
}

TEST(Linear, GradientsDoNotCareHowABatchIsCutIntoPasses) {
  const std::vector<int> ids{3, 3, 0, 10, 5, 5, 5, 1, 2, 9, 0, 3, 7, 8, 4, 4, 6, 0, 10};
  Model whole;
  pass(whole, ids, 0, ids.size(), 1);
  for (const std::vector<size_t>& cuts : {std::vector<size_t>{0, 7, 19}, {0, 1, 2, 18, 19}, {0, 19}})
    for (const size_t threads : {1, 2}) {
      Model m;
      for (size_t i = 0; i + 1 < cuts.size(); ++i) pass(m, ids, cuts[i], cuts[i + 1], threads);
      EXPECT_TRUE(same(m.gradients(), whole.gradients())) << cuts.size() << " " << threads;
    }
}

}  // namespace
}  // namespace r1
