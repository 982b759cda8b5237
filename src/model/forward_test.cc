// What forward() reports beside its result, and inputs at the edge.
#include "model/forward.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "kernels/targets.h"

namespace r1 {
namespace {

struct Tiny {
  ThreadPool pool{1};
  BufferPool buffers;
  Model model;
  Exec exec{*all_kernels().front(), pool};

  explicit Tiny(std::string_view name = "tiny-v3") : model(make(name)) {}
  static Model make(std::string_view name) {
    ModelConfig c = *preset(name);
    c.num_hidden_layers = 2;
    c.gate.num_experts_per_tok = c.gate.n_routed_experts > 0 ? 2 : 0;
    Weights w = allocate_weights(c, true, true);
    initialise(c, w, 3, 0.2f);
    return Model(c, std::move(w));
  }
  Graph graph(bool record = false) { return Graph(exec, buffers, record); }
};

TEST(Forward, ReportsTheLoadOfEachLayerAndOfTheMtpBlock) {
  Tiny t;
  const std::vector<int> tokens = {1, 2, 3, 4, 5, 6, 7};
  const std::vector<Piece> pieces = {{0, 4, nullptr}, {4, 3, nullptr}};
  Graph g = t.graph();
  MoeReport report;
  const Tensor hidden = forward(g, t.model, {tokens, pieces}, nullptr, &report);
  const double main_balance = report.balance_loss;
  const Tensor mtp = forward_mtp(g, t.model, {tokens, pieces}, hidden, &report);
  EXPECT_EQ(hidden.rows(), 7u);
  EXPECT_EQ(mtp.rows(), 3u + 2u);
  ASSERT_EQ(report.load.size(), 3u);
  EXPECT_TRUE(report.load[0].empty()) << "the dense layer";
  EXPECT_EQ(std::accumulate(report.load[1].begin(), report.load[1].end(), 0u), 7u * 2);
  EXPECT_EQ(std::accumulate(report.load[2].begin(), report.load[2].end(), 0u), 5u * 2);
  // f sums to the number of experts and P to 1: at perfect balance the loss is 1, and it cannot reach 0.
  EXPECT_GT(main_balance, 0.5);
  EXPECT_GT(report.balance_loss, main_balance + 0.5);
}

// The MTP row at i reads the state at i and the token at i+1, no later ones and no other piece's.
TEST(Forward, MtpReadsNoFurtherThanTheNextToken) {
  Tiny t;
  std::vector<int> tokens = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<Piece> pieces = {{0, 5, nullptr}, {5, 3, nullptr}};
  const auto run = [&] {
    Graph g = t.graph();
    const Tensor out = forward_mtp(g, t.model, {tokens, pieces}, forward(g, t.model, {tokens, pieces}, nullptr));
    return std::vector<float>(out.data(), out.data() + out.size());
  };
  const std::vector<float> before = run();
  tokens[3] = 40;
  const std::vector<float> after = run();
  const size_t d = t.model.config.hidden_size;
  const auto row_changed = [&](size_t row) {
    return !std::equal(before.begin() + std::ptrdiff_t(row * d), before.begin() + std::ptrdiff_t((row + 1) * d),
                       after.begin() + std::ptrdiff_t(row * d));
  };
  EXPECT_FALSE(row_changed(0));
  EXPECT_FALSE(row_changed(1));
  EXPECT_TRUE(row_changed(2));
  EXPECT_TRUE(row_changed(3));
  EXPECT_FALSE(row_changed(4));
  EXPECT_FALSE(row_changed(5));
}

TEST(Forward, EmptyPiecesAndEmptyBatches) {
  for (std::string_view name : {"tiny-v3", "tiny-llama"}) {
    Tiny t(name);
    const std::vector<int> tokens = {4, 5};
    const std::vector<Piece> with_empty = {{0, 0, nullptr}, {0, 2, nullptr}, {2, 0, nullptr}},
                             plain = {{0, 2, nullptr}};
    Graph g = t.graph(true);
    const Tensor a = forward(g, t.model, {tokens, with_empty}, nullptr),
                 b = forward(g, t.model, {tokens, plain}, nullptr);
    EXPECT_TRUE(std::equal(a.data(), a.data() + a.size(), b.data()));
    EXPECT_EQ(forward(g, t.model, {{}, {}}, nullptr).rows(), 0u);
    if (!t.model.weights.mtp.empty()) {
      EXPECT_EQ(forward_mtp(g, t.model, {tokens, with_empty}, a).rows(), 1u);
    }
    g.backward();
  }
}

// Weights that blew up give states that say so; the trainer stops on them, so nothing before may.
TEST(Forward, NonFiniteWeightsGiveNonFiniteStates) {
  for (float bad : {NAN, INFINITY}) {
    Tiny t;
    t.model.weights.layers[1].router.value[3] = bad;
    t.model.weights.layers[0].q.value[5] = bad;
    const std::vector<int> tokens = {1, 2, 3};
    const std::vector<Piece> pieces = {{0, 3, nullptr}};
    Graph g = t.graph(true);
    MoeReport report{.balance_alpha = 1};
    const Tensor hidden = forward(g, t.model, {tokens, pieces}, nullptr, &report);
    EXPECT_FALSE(std::isfinite(hidden.row(2)[0]));
    g.backward();
  }
}

}  // namespace
}  // namespace r1
