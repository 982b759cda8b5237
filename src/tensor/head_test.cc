#include "tensor/head.h"

#include "kernels/reference.h"
#include "tensor/pack.h"
#include "tensor/vjp_check.h"

namespace r1 {
namespace {

using namespace testing;

struct Case {
  size_t rows, vocab, dim;
  float inverse_temperature;
};

std::vector<int> targets_of(const Case& c, size_t every_ignored) {
  std::vector<int> targets(c.rows);
  for (size_t r = 0; r < c.rows; ++r) targets[r] = r % every_ignored == 1 ? -1 : int((r * 7 + 3) % c.vocab);
  return targets;
}

// The last is of more rows than go through at a time, by its vocabulary; the one before by its rows.
const Case kCases[] = {{1, 2, 3, 1},   {7, 17, 5, 1},    {9, 33, 16, 0.5f},
                       {5, 61, 31, 2}, {420, 700, 4, 1}, {21, 33000, 3, 1.25f}};

TEST(TokenLogProbs, AreNearADoubleSoftmax) {
  ThreadPool threads(2);
  BufferPool pool;
  for (const Case& c : kCases)
    for (const Kernels* kernels : all_kernels()) {
      Graph g({*kernels, threads}, pool, false);
      Draw in;
      const Tensor h = g.make(c.rows, c.dim);
      for (size_t i = 0; i < h.size(); ++i) h.data()[i] = in.value(2);
      Param head;
      head.layout = ParamLayout::packed, head.n = c.vocab, head.k = c.dim;
      head.allocate(false);
      const Floats w = in(c.vocab * c.dim);
      pack_rows(head.value.data(), w.data(), c.dim, c.vocab, c.dim);
      const auto targets = targets_of(c, 3);
      const TokenLogProbs got = token_log_probs(g, h, head, targets, c.inverse_temperature, true);
      EXPECT_TRUE(token_log_probs(g, h, head, targets, c.inverse_temperature, false).entropy.empty());
      ASSERT_EQ(got.entropy.size(), c.rows);
      const Doubles dh = to_double(Floats(h.data(), h.data() + h.size())), dw = to_double(w);
      Doubles z(c.vocab), p(c.vocab);
      for (size_t r = 0; r < c.rows; ++r) {
        if (targets[r] < 0) {
          EXPECT_EQ(got.log_probs.data()[r], 0.0f);
          EXPECT_EQ(got.entropy[r], 0.0f);
          continue;
        }
        reference::gemm(&dh[r * c.dim], c.dim, 1, dw.data(), c.dim, c.vocab, z.data(), c.vocab, false);
        reference::softmax(p.data(), z.data(), c.vocab, double(c.inverse_temperature));
        double entropy = 0;
        for (const double v : p) entropy -= v * std::log(v);
        ASSERT_NEAR(got.log_probs.data()[r], std::log(p[size_t(targets[r])]), 1e-5) << c.vocab << " row " << r;
        ASSERT_NEAR(got.entropy[r], entropy, 2e-5) << c.vocab << " row " << r;
      }
    }
}

TEST(TokenLogProbs, Vjp) {
  for (const Case& c : kCases) {
    VjpCheck check;
    const Tensor h = check.input(c.rows, c.dim);
    Param& head = check.param(ParamLayout::packed, 1, c.vocab, c.dim);
    const auto targets = targets_of(c, 3);
    EXPECT_TRUE(check([&](Graph& g) {
      return token_log_probs(g, h, head, targets, c.inverse_temperature, false).log_probs;
    })) << c.vocab;
  }
}

TEST(TokenLogProbs, FrozenHeadPassesTheGradientOn) {
  VjpCheck check;
  const Tensor h = check.input(4, 20);
  Param head;
  head.layout = ParamLayout::packed, head.n = 33, head.k = 20;
  head.allocate(false);
  pack_rows(head.value.data(), Draw()(33 * 20).data(), 20, 33, 20);
  const std::vector<int> targets{0, 32, -1, 5};
  EXPECT_TRUE(check([&](Graph& g) { return token_log_probs(g, h, head, targets, 1, false).log_probs; }));
}

// What a sampler records from one row's logits equals, bit for bit, what the trainer computes for that row in a batch.
TEST(TokenLogProbs, EqualTheSamplersBitForBit) {
  ThreadPool threads(2);
  BufferPool pool;
  const Case c{420, 700, 20, 0.8f};
  for (const Kernels* kernels : all_kernels()) {
    Graph g({*kernels, threads}, pool, false);
    Draw in;
    const Tensor h = g.make(c.rows, c.dim);
    for (size_t i = 0; i < h.size(); ++i) h.data()[i] = in.value();
    Param head;
    head.layout = ParamLayout::packed, head.n = c.vocab, head.k = c.dim;
    head.allocate(false);
    pack_rows(head.value.data(), in(c.vocab * c.dim, 2).data(), c.dim, c.vocab, c.dim);
    const auto targets = targets_of(c, 3);
    const TokenLogProbs got = token_log_probs(g, h, head, targets, c.inverse_temperature, false);
    Floats z(c.vocab);
    for (const size_t r : {0, 2, 3, 200, 374, 375, 419}) {
      if (targets[r] < 0) continue;
      kernels->gemm(h.row(r), c.dim, 1, head.value.data(), c.dim, c.vocab, 0, panels_of(c.vocab), z.data(), c.vocab,
                    false);
      const float want = log_prob_of(z[size_t(targets[r])], c.inverse_temperature,
                                     kernels->row_stats(z.data(), c.vocab, c.inverse_temperature));
      EXPECT_TRUE(same(got.log_probs.data()[r], want)) << kernels->name << " " << r;
    }
  }
}

TEST(TokenLogProbs, OfNothingScoredIsNothing) {
  ThreadPool threads(1);
  BufferPool pool;
  Graph g({*all_kernels().front(), threads}, pool, true);
  Param head;
  head.layout = ParamLayout::packed, head.n = 33, head.k = 5;
  head.allocate(true);
  const Tensor h = g.make(3, 5);
  std::fill_n(h.data(), 15, 1.0f);
  const std::vector<int> targets(3, -1);
  const TokenLogProbs out = token_log_probs(g, h, head, targets, 1, true);
  std::fill_n(out.log_probs.grad(), 3, 1.0f);
  g.backward();
  for (size_t r = 0; r < 3; ++r) EXPECT_EQ(out.log_probs.data()[r], 0.0f);
  EXPECT_EQ(std::count(h.grad(), h.grad() + 15, 0.0f), 15);
  EXPECT_EQ(std::count(head.grad.data(), head.grad.data() + head.storage(), 0.0f), std::ptrdiff_t(head.storage()));
}

}  // namespace
}  // namespace r1
