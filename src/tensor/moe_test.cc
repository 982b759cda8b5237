// The grouped expert product.
#include "tensor/moe.h"

#include "kernels/reference.h"
#include "tensor/linear.h"
#include "tensor/norm.h"
#include "tensor/pack.h"
#include "tensor/vjp_check.h"

namespace r1 {
namespace {

using namespace testing;

// Random distinct experts of each row, never `unused`.
Choice random_choice(size_t rows, size_t top_k, size_t n_experts, size_t unused) {
  Choice choice{top_k, {}, std::vector<uint32_t>(n_experts, 0)};
  Rng rng{8, 9};
  for (size_t r = 0; r < rows; ++r) {
    std::vector<uint32_t> all;
    for (uint32_t e = 0; e < n_experts; ++e)
      if (e != unused) all.push_back(e);
    rng.shuffle(all);
    all.resize(top_k);
    std::sort(all.begin(), all.end());
    for (const uint32_t e : all) {
      choice.experts.push_back(e);
      ++choice.load[e];
    }
  }
  return choice;
}

struct Layer {
  VjpCheck check;
  Tensor x, weights;
  Param &gate, &up, &down;
  Choice choice;

  Layer(size_t rows, size_t dim, size_t ff, size_t n_experts, size_t top_k)
      : x(check.input(rows, dim)),
        weights(check.input(rows, top_k, 1.5f)),
        gate(check.param(ParamLayout::packed, n_experts, ff, dim)),
        up(check.param(ParamLayout::packed, n_experts, ff, dim)),
        down(check.param(ParamLayout::packed, n_experts, dim, ff)),
        choice(random_choice(rows, top_k, n_experts, n_experts - 2)) {}
  VjpCheck::Op op() {
    return [this](Graph& g) { return experts(g, x, choice, weights, gate, up, down); };
  }
};

struct Sizes {
  size_t rows, dim, ff, n_experts, top_k;
};
constexpr Sizes kSizes[] = {
    {1, 5, 3, 4, 2}, {7, 17, 9, 5, 2}, {12, 16, 33, 6, 3}, {30, 33, 17, 4, 1}, {40, 40, 48, 5, 3}};

Doubles logical(const Param& p, size_t slice) {
  Floats out(p.n * p.k);
  unpack_rows(out.data(), p.k, p.slice(slice), p.n, p.k);
  return to_double(out);
}

TEST(Experts, AreNearTheWeightedSumOfTheirParts) {
  for (const auto& [rows, dim, ff, n_experts, top_k] : kSizes) {
    Layer l(rows, dim, ff, n_experts, top_k);
    const Floats y = l.check.forward(l.op());
    for (size_t r = 0; r < rows; ++r) {
      const Doubles x = to_double(Floats(l.x.row(r), l.x.row(r) + dim));
      Doubles want(dim), gate(ff), up(ff), out(dim);
      for (size_t i = 0; i < top_k; ++i) {
        const size_t e = l.choice.experts[r * top_k + i];
        reference::gemm(x.data(), dim, 1, logical(l.gate, e).data(), dim, ff, gate.data(), ff, false);
        reference::gemm(x.data(), dim, 1, logical(l.up, e).data(), dim, ff, up.data(), ff, false);
        reference::swiglu(gate.data(), gate.data(), up.data(), ff);
        reference::gemm(gate.data(), ff, 1, logical(l.down, e).data(), ff, dim, out.data(), dim, false);
        reference::axpy(want.data(), l.weights.row(r)[i], out.data(), dim);
      }
      for (size_t d = 0; d < dim; ++d) ASSERT_NEAR(y[r * dim + d], want[d], 2e-6 * double(dim + ff)) << r;
    }
  }
}

TEST(Experts, Vjp) {
  for (const auto& [rows, dim, ff, n_experts, top_k] : kSizes) {
    Layer l(rows, dim, ff, n_experts, top_k);
    ASSERT_EQ(l.choice.load[n_experts - 2], 0u);
    EXPECT_TRUE(l.check(l.op())) << rows << " " << dim << " " << ff;
  }
}

// With given weights a token's result is its own: alone, in a batch, or in another order.
TEST(Experts, DoNotDependOnCompany) {
  Layer l(40, 33, 17, 6, 3);
  const Floats together = l.check.forward(l.op());
  for (const size_t r : {0, 1, 17, 39}) {
    Choice own{3,
               {l.choice.experts.begin() + std::ptrdiff_t(3 * r), l.choice.experts.begin() + std::ptrdiff_t(3 * r + 3)},
               std::vector<uint32_t>(6, 0)};
    for (const uint32_t e : own.experts) ++own.load[e];
    const Floats alone = l.check.forward([&](Graph& g) {
      const Tensor x = g.make(1, 33), w = g.make(1, 3);
      std::copy_n(l.x.row(r), 33, x.data());
      std::copy_n(l.weights.row(r), 3, w.data());
      return experts(g, x, own, w, l.gate, l.up, l.down);
    });
    EXPECT_TRUE(
        same(alone, Floats(together.begin() + std::ptrdiff_t(33 * r), together.begin() + std::ptrdiff_t(33 * r + 33))))
        << r;
  }
}

// The whole gate in one graph: gradients meet at the scores from weights and experts, through top-k fixed by wide gaps.
TEST(Experts, TheWholeLayersVjp) {
  for (const ScoreFn fn : {ScoreFn::sigmoid, ScoreFn::softmax}) {
    VjpCheck check;
    const Tensor x = check.input(6, 17), logits = check.input(6, 5);
    Param &gate = check.param(ParamLayout::packed, 5, 9, 17), &up = check.param(ParamLayout::packed, 5, 9, 17);
    Param& down = check.param(ParamLayout::packed, 5, 17, 9);
    for (size_t r = 0; r < 6; ++r)
      for (size_t e = 0; e < 5; ++e) logits.row(r)[e] = float((r * 2 + e * 3) % 5) * 0.5f - 1;
    const GateConfig c{
        .n_routed_experts = 5, .num_experts_per_tok = 2, .scoring_func = fn, .routed_scaling_factor = 2.5f};
    EXPECT_TRUE(check([&](Graph& g) {
      const Tensor s = gate_scores(g, logits, fn);
      const Choice choice = choose_experts(s, nullptr, c);
      return experts(g, x, choice, expert_weights(g, s, choice, c), gate, up, down);
    })) << int(fn);
  }
}

}  // namespace
}  // namespace r1
