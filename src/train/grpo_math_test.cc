#include "train/grpo_math.h"

#include <gtest/gtest.h>

#include <cmath>

namespace r1 {
namespace {

using Rewards = std::vector<std::optional<double>>;

TEST(GroupAdvantages, SampleStandardDeviationOfOneZeroZeroOne) {
  GrpoFormula f;
  f.std_guard = 0;
  const std::vector<double> a = group_advantages(Rewards{1, 0, 0, 1}, f);
  const double expected = 0.5 / std::sqrt(1.0 / 3.0);  // mean 0.5, sample std 0.57735
  ASSERT_EQ(a.size(), 4u);
  EXPECT_NEAR(a[0], expected, 1e-12);
  EXPECT_NEAR(a[1], -expected, 1e-12);
  EXPECT_NEAR(a[2], -expected, 1e-12);
  EXPECT_NEAR(a[3], expected, 1e-12);
  EXPECT_NEAR(a[0], 0.8660, 5e-5);
}

TEST(GroupAdvantages, TheGuardIsAddedToTheDeviation) {
  const GrpoFormula f;  // 1e-4
  EXPECT_NEAR(group_advantages(Rewards{1, 0, 0, 1}, f)[0], 0.5 / (0.5773502691896258 + 1e-4), 1e-12);
}

TEST(GroupAdvantages, WithoutNormalisationOnlyTheMeanIsTakenAway) {
  GrpoFormula f;
  f.advantage = AdvantageNorm::none;
  EXPECT_EQ(group_advantages(Rewards{3, 1, 1, -1}, f), (std::vector<double>{2, 0, 0, -2}));
  EXPECT_EQ(group_advantages(Rewards{3}, f), std::vector<double>{0});
}

TEST(GroupAdvantages, AbstentionsLeaveMeanAndDeviationAlone) {
  const GrpoFormula f;
  const std::vector<double> all = group_advantages(Rewards{1, 0, 0, 1}, f);
  const std::vector<double> some = group_advantages(Rewards{1, std::nullopt, 0, 0, std::nullopt, 1}, f);
  EXPECT_EQ(some, (std::vector<double>{all[0], 0, all[1], all[2], 0, all[3]}));
}

TEST(GroupAdvantages, AllEqualIsExactAndGivesZeros) {
  const GrpoFormula f;
  EXPECT_EQ(group_advantages(Rewards{0.1, 0.1, 0.1}, f), (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(group_advantages(Rewards{}, f), std::vector<double>{});
  EXPECT_TRUE(all_equal(Rewards{0.1, 0.1}));
  EXPECT_FALSE(all_equal(Rewards{0.1, std::nextafter(0.1, 1.0)}));
  EXPECT_TRUE(all_equal(Rewards{std::nullopt, 1, std::nullopt}));
  EXPECT_TRUE(all_equal(Rewards{std::nullopt, std::nullopt}));
  EXPECT_TRUE(all_equal(Rewards{1, std::nullopt, 1}));
  EXPECT_FALSE(all_equal(Rewards{1, std::nullopt, 0}));
}

TEST(K3, HandValues) {
  EXPECT_NEAR(k3_estimate(-1.0, -1.0 + std::log(2.0)), 2 - std::log(2.0) - 1, 1e-12);    // 0.306853
  EXPECT_NEAR(k3_estimate(-1.0, -1.0 - std::log(2.0)), 0.5 + std::log(2.0) - 1, 1e-12);  // 0.193147
  EXPECT_EQ(k3_estimate(-0.7, -0.7), 0);
}

TEST(K3, NeverBelowZeroNorInfinite) {
  for (double d = -1000; d <= 1000; d += 0.37) {
    const double k3 = k3_estimate(-2, -2 + d);
    EXPECT_GE(k3, 0) << d;
    EXPECT_TRUE(std::isfinite(k3)) << d;
  }
}

GrpoFormula clip_formula(double low, double high) {
  GrpoFormula f;
  f.epsilon_low = low;
  f.epsilon_high = high;
  f.beta = 0;
  return f;
}

TEST(GrpoToken, OnPolicyTheSlopeIsMinusTheAdvantage) {
  for (const double a : {-1.5, 0.0, 0.7}) {
    const TokenTerm t = grpo_token(-0.25, -0.25, 0, a, clip_formula(10, 10));
    EXPECT_EQ(t.ratio, 1);
    EXPECT_EQ(t.loss, -a);
    EXPECT_EQ(t.d_log_prob, -a);
    EXPECT_FALSE(t.clipped_low || t.clipped_high);
  }
}

TEST(GrpoToken, AtEpsilonTenARatioOfTwelveIsClippedForPositiveAdvantagesOnly) {
  const double old = -5, now = old + std::log(12.0);
  const TokenTerm good = grpo_token(now, old, 0, 2, clip_formula(10, 10));
  EXPECT_TRUE(good.clipped_high);
  EXPECT_EQ(good.d_log_prob, 0);
  EXPECT_NEAR(good.loss, -2 * 11.0, 1e-9);
  const TokenTerm bad = grpo_token(now, old, 0, -2, clip_formula(10, 10));
  EXPECT_FALSE(bad.clipped_low || bad.clipped_high);
  EXPECT_NEAR(bad.d_log_prob, 24, 1e-9);
}

TEST(GrpoToken, TheTwoSidesClipByTheirOwnRange) {
  const GrpoFormula f = clip_formula(0.2, 0.28);
  const auto at = [&](double ratio, double a) { return grpo_token(-3 + std::log(ratio), -3, 0, a, f); };
  EXPECT_TRUE(at(0.79, -1).clipped_low);
  EXPECT_NEAR(at(0.79, -1).loss, 0.8, 1e-12);
  EXPECT_FALSE(at(0.81, -1).clipped_low);
  EXPECT_FALSE(at(0.79, 1).clipped_low);  // min() keeps the unclipped term
  EXPECT_TRUE(at(1.29, 1).clipped_high);
  EXPECT_NEAR(at(1.29, 1).loss, -1.28, 1e-12);
  EXPECT_FALSE(at(1.27, 1).clipped_high);
  EXPECT_FALSE(at(1.29, -1).clipped_high);
}

TEST(GrpoToken, TheSlopeIsTheDerivativeOfTheLoss) {
  GrpoFormula f = clip_formula(0.2, 0.3);
  f.beta = 0.4;
  const double h = 1e-6;
  for (const double a : {-1.3, 0.6})
    for (double log_prob = -3; log_prob < -0.1; log_prob += 0.083) {
      const auto loss = [&](double x) { return grpo_token(x, -1.4, -1.1, a, f).loss; };
      const double ratio = std::exp(log_prob + 1.4);
      if (std::abs(ratio - 0.8) < 1e-3 || std::abs(ratio - 1.3) < 1e-3) continue;  // the corners
      EXPECT_NEAR(grpo_token(log_prob, -1.4, -1.1, a, f).d_log_prob,
                  (loss(log_prob + h) - loss(log_prob - h)) / (2 * h), 1e-6)
          << "advantage " << a << " log p " << log_prob;
    }
}

TEST(GrpoToken, BetaWeighsK3AndZeroLeavesTheReferenceAlone) {
  GrpoFormula f = clip_formula(10, 10);
  EXPECT_EQ(grpo_token(-1, -1, NAN, 1, f).kl, 0);
  EXPECT_EQ(grpo_token(-1, -1, NAN, 1, f).loss, -1);
  f.beta = 0.5;
  const TokenTerm t = grpo_token(-1, -1, -1 + std::log(2.0), 1, f);
  EXPECT_NEAR(t.kl, 0.306853, 1e-6);
  EXPECT_NEAR(t.loss, -1 + 0.5 * t.kl, 1e-12);
  EXPECT_NEAR(t.d_log_prob, -1 + 0.5 * (1 - 2.0), 1e-12);
}

TEST(GrpoToken, ExtremeLogRatiosStayFinite) {
  GrpoFormula f = clip_formula(10, 10);
  f.beta = 0.001;
  for (const double now : {-1e4, 0.0})
    for (const double old : {-1e4, 0.0})
      for (const double a : {-3.0, 3.0}) {
        const TokenTerm t = grpo_token(now, old, -5000, a, f);
        EXPECT_TRUE(std::isfinite(t.loss) && std::isfinite(t.d_log_prob));
      }
}

TEST(TokenWeight, EveryAggregation) {
  GrpoFormula f;  // two samples of 2 and 4 tokens, a budget of 8
  EXPECT_DOUBLE_EQ(token_weight(f, 2, 2, 6, 8), 1.0 / 4);
  EXPECT_DOUBLE_EQ(token_weight(f, 4, 2, 6, 8), 1.0 / 8);
  f.aggregation = LossAggregation::token_mean;
  EXPECT_DOUBLE_EQ(token_weight(f, 2, 2, 6, 8), 1.0 / 6);
  EXPECT_DOUBLE_EQ(token_weight(f, 4, 2, 6, 8), 1.0 / 6);
  f.aggregation = LossAggregation::constant;
  EXPECT_DOUBLE_EQ(token_weight(f, 2, 2, 6, 8), 1.0 / 16);
  f.constant_length = 5;
  EXPECT_DOUBLE_EQ(token_weight(f, 4, 2, 6, 8), 1.0 / 10);
}

TEST(TokenWeight, MeansSumToOneAndNothingDividesByZero) {
  GrpoFormula f;
  EXPECT_DOUBLE_EQ(2 * token_weight(f, 2, 2, 6, 8) + 4 * token_weight(f, 4, 2, 6, 8), 1);
  f.aggregation = LossAggregation::token_mean;
  EXPECT_DOUBLE_EQ(6 * token_weight(f, 3, 2, 6, 8), 1);
  EXPECT_TRUE(std::isfinite(token_weight(f, 0, 1, 0, 8)));
  f.aggregation = LossAggregation::sequence_mean;
  EXPECT_TRUE(std::isfinite(token_weight(f, 0, 1, 0, 8)));
}

}  // namespace
}  // namespace r1
