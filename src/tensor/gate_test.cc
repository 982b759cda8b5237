// The gate: scores, the choice of experts, their weights, and the balance loss.
#include <algorithm>
#include <set>

#include "kernels/reference.h"
#include "tensor/moe.h"
#include "tensor/vjp_check.h"

namespace r1 {
namespace {

using namespace testing;
using Experts = std::vector<uint32_t>;

struct GateTest : ::testing::Test {
  ThreadPool threads{1};
  BufferPool pool;
  Graph g{{*all_kernels().front(), threads}, pool, true};

  Tensor scores(size_t rows, const Floats& values) {
    Tensor t = g.make(rows, values.size() / rows);
    std::copy(values.begin(), values.end(), t.data());
    return t;
  }
  // Multiples of 2^-10, so that adding such a bias is exact.
  Tensor random_scores(Draw& in, size_t rows, size_t n) {
    Tensor t = g.make(rows, n);
    for (size_t i = 0; i < t.size(); ++i) t.data()[i] = float(in.size(1, 1023)) / 1024;
    return t;
  }
};

GateConfig greedy(uint32_t n, uint32_t k) { return {.n_routed_experts = n, .num_experts_per_tok = k}; }
GateConfig grouped(uint32_t n, uint32_t k, uint32_t groups, uint32_t kept, GroupScore how) {
  return {.n_routed_experts = n, .num_experts_per_tok = k, .n_group = groups, .topk_group = kept, .group_score = how};
}

TEST_F(GateTest, ScoresForwardAndVjp) {
  for (const ScoreFn fn : {ScoreFn::softmax, ScoreFn::sigmoid})
    for (const size_t n : {2, 15, 16, 33, 61}) {
      VjpCheck check;
      const Tensor logits = check.input(5, n);
      const auto op = [&](Graph& graph) { return gate_scores(graph, logits, fn); };
      EXPECT_TRUE(check(op)) << int(fn) << " " << n;
      const Floats s = check.forward(op);
      const Doubles z = to_double(Floats(logits.data(), logits.data() + logits.size()));
      Doubles want(n);
      for (size_t r = 0; r < 5; ++r) {
        if (fn == ScoreFn::softmax)
          reference::softmax(want.data(), &z[r * n], n, 1);
        else
          reference::sigmoid(want.data(), &z[r * n], n);
        for (size_t e = 0; e < n; ++e) EXPECT_NEAR(s[r * n + e], want[e], 1e-6 * want[e]);
      }
    }
}

TEST_F(GateTest, ChoosesTheBestAscendingAndCountsThem) {
  const Choice c =
      choose_experts(scores(2, {0.1f, 0.9f, 0.5f, 0.8f, 0.3f, 0.2f, 0.1f, 0.4f, 0.6f, 0.7f}), nullptr, greedy(5, 2));
  EXPECT_EQ(c.top_k, 2u);
  EXPECT_EQ(c.experts, (Experts{1, 3, 3, 4}));
  EXPECT_EQ(c.load, (Experts{0, 1, 0, 2, 1}));
}

TEST_F(GateTest, TheLowerIndexWinsATie) {
  EXPECT_EQ(choose_experts(scores(1, Floats(6, 0.5f)), nullptr, greedy(6, 3)).experts, (Experts{0, 1, 2}));
  EXPECT_EQ(choose_experts(scores(1, {0.1f, 0.5f, 0.9f, 0.5f, 0.5f}), nullptr, greedy(5, 3)).experts,
            (Experts{1, 2, 3}));
  EXPECT_EQ(choose_experts(scores(1, Floats(8, 0.5f)), nullptr, grouped(8, 3, 4, 2, GroupScore::top2_sum)).experts,
            (Experts{0, 1, 2}));
}

TEST_F(GateTest, ChoosesInsideTheBestGroupsOnly) {
  // Groups of two: the best single expert sits in the group with the least sum of two.
  const Tensor s = scores(1, {0.9f, 0.0f, 0.5f, 0.5f, 0.4f, 0.55f, 0.1f, 0.2f});
  EXPECT_EQ(choose_experts(s, nullptr, grouped(8, 2, 4, 2, GroupScore::top2_sum)).experts, (Experts{2, 5}));
  EXPECT_EQ(choose_experts(s, nullptr, grouped(8, 2, 4, 2, GroupScore::max)).experts, (Experts{0, 5}));
  EXPECT_EQ(choose_experts(s, nullptr, grouped(8, 2, 4, 4, GroupScore::top2_sum)).experts, (Experts{0, 5}));
  EXPECT_EQ(choose_experts(s, nullptr, grouped(8, 4, 4, 2, GroupScore::max)).experts, (Experts{0, 1, 4, 5}));
  // A third member does not count.
  const Tensor six = scores(1, {0.5f, 0.5f, 0.0f, 0.4f, 0.4f, 0.4f});
  EXPECT_EQ(choose_experts(six, nullptr, grouped(6, 2, 2, 1, GroupScore::top2_sum)).experts, (Experts{0, 1}));
}

TEST_F(GateTest, DroppedGroupsStayDroppedUnderNegativeBiases) {
  const Tensor s = scores(1, {0.9f, 0.8f, 0.1f, 0.2f});
  const Floats bias(4, -2.0f);  // kept values below zero: a mask of 0 would win
  EXPECT_EQ(choose_experts(s, bias.data(), grouped(4, 2, 2, 1, GroupScore::top2_sum)).experts, (Experts{0, 1}));
}

// By its definition, the slow way: groups ranked, then experts of kept groups ranked.
Experts choose_slowly(const float* s, const float* bias, const GateConfig& c) {
  const auto best = [](std::vector<std::pair<double, uint32_t>> items, size_t k) {
    std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::set<uint32_t> out;
    for (size_t i = 0; i < k; ++i) out.insert(items[i].second);
    return out;
  };
  const uint32_t size = c.n_routed_experts / c.n_group;
  std::vector<std::pair<double, uint32_t>> groups, experts;
  for (uint32_t i = 0; i < c.n_group; ++i) {
    std::vector<double> b;
    for (uint32_t e = i * size; e < (i + 1) * size; ++e) b.push_back(double(s[e]) + bias[e]);
    std::sort(b.rbegin(), b.rend());
    groups.emplace_back(c.group_score == GroupScore::max || size == 1 ? b[0] : b[0] + b[1], i);
  }
  const auto kept = best(groups, c.topk_group);
  for (uint32_t e = 0; e < c.n_routed_experts; ++e)
    if (kept.count(e / size) == 1) experts.emplace_back(double(s[e]) + bias[e], e);
  const auto chosen = best(experts, c.num_experts_per_tok);
  return {chosen.begin(), chosen.end()};
}

TEST_F(GateTest, AgreesWithTheDefinitionAndIgnoresACommonBias) {
  Draw in;
  for (const GateConfig& c :
       {greedy(7, 3), grouped(16, 4, 8, 4, GroupScore::top2_sum), grouped(64, 8, 8, 4, GroupScore::top2_sum),
        grouped(20, 6, 4, 3, GroupScore::max), grouped(6, 2, 6, 3, GroupScore::top2_sum)})
    for (int round = 0; round < 40; ++round) {
      const Tensor s = random_scores(in, 1, c.n_routed_experts);
      Floats bias(c.n_routed_experts);
      for (float& b : bias) b = float(int(in.size(0, 512)) - 256) / 1024;
      const Choice chosen = choose_experts(s, bias.data(), c);
      ASSERT_EQ(chosen.experts, choose_slowly(s.data(), bias.data(), c));
      std::set<uint32_t> groups;
      for (const uint32_t e : chosen.experts) groups.insert(e / (c.n_routed_experts / c.n_group));
      EXPECT_LE(groups.size(), c.topk_group);
      for (const float constant : {0.25f, -3.0f, 8.0f}) {
        Floats moved = bias;
        for (float& b : moved) b += constant;
        EXPECT_EQ(choose_experts(s, moved.data(), c).experts, chosen.experts) << constant;
      }
    }
}

TEST_F(GateTest, TheBiasChangesTheChoiceAndNotTheWeights) {
  GateConfig c = greedy(4, 2);
  c.routed_scaling_factor = 2.5f;
  const Tensor s = scores(1, {0.8f, 0.1f, 0.4f, 0.2f});
  const Floats bias{-1, 1, 0, 0};
  const Choice chosen = choose_experts(s, bias.data(), c);
  EXPECT_EQ(chosen.experts, (Experts{1, 2}));
  const Tensor w = expert_weights(g, s, chosen, c);
  EXPECT_FLOAT_EQ(w.data()[0], 2.5f * 0.1f / 0.5f);
  EXPECT_FLOAT_EQ(w.data()[1], 2.5f * 0.4f / 0.5f);
  c.norm_topk_prob = false;
  const Tensor raw = expert_weights(g, s, chosen, c);
  EXPECT_FLOAT_EQ(raw.data()[0], 2.5f * 0.1f);
  EXPECT_FLOAT_EQ(raw.data()[1], 2.5f * 0.4f);
}

TEST_F(GateTest, NormalisedWeightsSumToTheFactor) {
  Draw in;
  GateConfig c = grouped(64, 8, 8, 4, GroupScore::top2_sum);
  c.routed_scaling_factor = 2.5f;
  const Tensor s = random_scores(in, 50, 64);
  const Tensor w = expert_weights(g, s, choose_experts(s, nullptr, c), c);
  for (size_t r = 0; r < 50; ++r) {
    double sum = 0;
    for (size_t i = 0; i < 8; ++i) sum += w.row(r)[i];
    EXPECT_NEAR(sum, 2.5, 2.5 * 10 * kUnit);
  }
}

TEST_F(GateTest, WeightsVjp) {
  for (const bool normalised : {true, false})
    for (const uint32_t k : {2u, 3u, 5u}) {
      VjpCheck check;
      const Tensor s = check.input(6, 9, 1.5f);
      GateConfig c = greedy(9, k);
      c.norm_topk_prob = normalised, c.routed_scaling_factor = 2.5f;
      const Choice chosen = choose_experts(s, nullptr, c);
      EXPECT_TRUE(check([&](Graph& graph) { return expert_weights(graph, s, chosen, c); })) << normalised << " " << k;
    }
}

TEST_F(GateTest, BalanceLossByHand) {
  // f = E/(K T) * count, P = mean of normalised scores; the second row's sum is 2.
  const Tensor s = scores(2, {0.5f, 0.25f, 0.125f, 0.125f, 0.25f, 1.25f, 0.25f, 0.25f});
  const RowRange both[] = {{0, 2}}, each[] = {{0, 1}, {1, 1}};
  // One expert a row: f = (2, 2, 0, 0), P0 + P1 = (0.5 + 0.125 + 0.25 + 0.625) / 2.
  EXPECT_DOUBLE_EQ(balance_loss(g, s, both, greedy(4, 1), 0), 2 * 0.75);
  EXPECT_DOUBLE_EQ(balance_loss(g, s, each, greedy(4, 1), 0), (4 * 0.5 + 4 * 0.625) / 2);
  EXPECT_FALSE(s.has_grad()) << "alpha 0 adds no gradient";
  EXPECT_DOUBLE_EQ(balance_loss(g, s, both, greedy(4, 4), 0), 1.0) << "all experts used: balanced by definition";
}

TEST_F(GateTest, BalanceLossGradient) {
  const size_t rows = 11, n = 7;
  const RowRange ranges[] = {{0, 4}, {5, 6}};  // row 4 belongs to nobody
  const double alpha = 0.3, h = 1e-3;
  Draw in;
  const Tensor s = g.make(rows, n);
  for (size_t r = 0; r < rows; ++r) {
    // Scores 0.1 apart: the counts, constant in the gradient, do not change under a nudge.
    std::vector<size_t> order{0, 1, 2, 3, 4, 5, 6};
    in.rng.shuffle(order);
    for (size_t e = 0; e < n; ++e) s.row(r)[e] = 0.2f + 0.1f * float(order[e]);
  }
  std::fill_n(s.grad(), s.size(), 0.5f);
  const auto loss = [&] {
    Graph quiet(g.exec, pool, false);
    return balance_loss(quiet, s, ranges, greedy(n, 2), alpha);
  };
  EXPECT_EQ(balance_loss(g, s, ranges, greedy(n, 2), alpha), loss());
  double largest = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    const float at = s.data()[i], above = at + float(h), below = at - float(h);
    s.data()[i] = above;
    const double up = loss();
    s.data()[i] = below;
    const double down = loss();
    s.data()[i] = at;
    const double slope = alpha * (up - down) / (double(above) - double(below));
    EXPECT_NEAR(s.grad()[i] - 0.5, slope, 2e-7 + 1e-4 * std::abs(slope)) << i;
    if (i / n == 4) {
      EXPECT_EQ(s.grad()[i], 0.5f);
    }
    largest = std::max(largest, std::abs(slope));
  }
  EXPECT_GT(largest, 1e-3);
}

}  // namespace
}  // namespace r1
