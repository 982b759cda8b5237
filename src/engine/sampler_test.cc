// The draw against probabilities computed in double, and its edges.
#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/rng.h"
#include "kernels/targets.h"

namespace r1 {
namespace {

std::vector<float> random_logits(size_t n, uint64_t seed) {
  Rng rng{seed, 0, 0};
  std::vector<float> out(n);
  for (float& z : out) z = float(2 * rng.normal());
  return out;
}

// log softmax(z / temperature) over the tokens that are not banned, in double.
std::vector<double> log_softmax(const std::vector<float>& z, double temperature, const std::vector<int>& banned = {}) {
  std::vector<double> out(z.begin(), z.end());
  for (int t : banned) out[size_t(t)] = -INFINITY;
  double top = -INFINITY, sum = 0;
  for (double& v : out) top = std::max(top, v /= temperature);
  for (double v : out) sum += std::exp(v - top);
  for (double& v : out) v -= top + std::log(sum);
  return out;
}

const Kernels& best() {  // asking the processor takes longer than a draw
  static const Kernels& kernels = *all_kernels().front();
  return kernels;
}

Sampled draw(std::vector<float> logits, const SamplingParams& params, double u, const Kernels& kernels = best()) {
  std::vector<float> probs(logits.size());
  return sample(kernels, logits, probs, params, u);
}

const double kBelowOne = std::nextafter(1.0, 0.0);

void expect_distribution(const std::vector<float>& logits, const SamplingParams& params) {
  constexpr size_t kDraws = 40000;
  const std::vector<double> expected = log_softmax(logits, params.temperature, params.banned_tokens);
  std::map<int, size_t> counts;
  for (size_t i = 0; i < kDraws; ++i) {
    const Sampled s = draw(logits, params, uniform(params.seed, 1, i));
    ++counts[s.token];
    // f32: a logit's rounding and that of the sum, a few units in the last place of numbers below 32.
    EXPECT_NEAR(s.log_prob, expected[size_t(s.token)], 2e-5);
  }
  for (size_t t = 0; t < logits.size(); ++t) {
    const double p = std::exp(expected[t]), deviation = std::sqrt(p * (1 - p) / kDraws);
    EXPECT_NEAR(double(counts[int(t)]) / kDraws, p, 5 * deviation + 1e-12) << "token " << t;
  }
}

TEST(Sampler, DrawsFromTheDistribution) {
  for (float temperature : {1.0f, 0.6f, 2.0f})
    for (size_t n : {size_t(2), size_t(16), size_t(23)})
      expect_distribution(random_logits(n, n), {.temperature = temperature, .seed = 3, .banned_tokens = {}});
}

TEST(Sampler, BannedTokensAreLeftOutOfTheDistribution) {
  expect_distribution(random_logits(23, 4), {.temperature = 0.9f, .seed = 5, .banned_tokens = {0, 7, 22}});
  const std::vector<float> logits = random_logits(23, 5);
  for (size_t i = 0; i <= 1000; ++i) {
    const int token =
        draw(logits, {.temperature = 1, .seed = 0, .banned_tokens = {0, 21, 22}}, std::min(kBelowOne, double(i) / 1000))
            .token;
    EXPECT_TRUE(token > 0 && token < 21) << token;
  }
}

TEST(Sampler, BannedIdsOutsideTheVocabularyAreNone) {
  const std::vector<float> logits = random_logits(9, 6);
  const Sampled s = draw(logits, {.temperature = 1, .seed = 0, .banned_tokens = {-1, 9, 1 << 30}}, 0.4);
  EXPECT_EQ(s.token, draw(logits, {}, 0.4).token);
}

TEST(Sampler, WalksTheTokensInIdOrder) {
  const std::vector<float> logits = {std::log(1.0f), std::log(2.0f), std::log(5.0f)};  // 1/8, 2/8, 5/8
  const std::pair<double, int> expected[] = {{0, 0},      {0.1249, 0}, {0.1251, 1},   {0.3749, 1},
                                             {0.3751, 2}, {0.9999, 2}, {kBelowOne, 2}};
  for (const auto& [u, token] : expected) EXPECT_EQ(draw(logits, {}, u).token, token) << u;
}

// Tokens whose probability rounds to nothing are not drawn, at either end.
TEST(Sampler, TheEndsOfTheRangeDrawPossibleTokens) {
  const std::vector<float> logits = {-INFINITY, -300, 1, 2, -300, -INFINITY};
  EXPECT_EQ(draw(logits, {}, 0).token, 2);
  EXPECT_EQ(draw(logits, {}, kBelowOne).token, 3);
  EXPECT_EQ(draw({3.5f}, {}, 0).token, 0);
  EXPECT_EQ(draw({3.5f}, {}, kBelowOne).log_prob, 0.0f);
  for (uint64_t seed = 0; seed < 50; ++seed) {  // f32 probabilities may sum to less than u
    const Sampled s = draw(random_logits(1000, seed), {}, kBelowOne);
    EXPECT_TRUE(s.token >= 0 && s.token < 1000);
    EXPECT_TRUE(std::isfinite(s.log_prob));
  }
}

TEST(Sampler, GreedyTakesTheLowestOfEquals) {
  const std::vector<float> logits = {1, 4, -2, 4, 3};
  for (double u : {0.0, 0.5, kBelowOne}) {
    const Sampled s = draw(logits, {.temperature = 0, .seed = 0, .banned_tokens = {}}, u);
    EXPECT_EQ(s.token, 1);
    EXPECT_NEAR(s.log_prob, log_softmax(logits, 1)[1], 1e-6) << "of the distribution at temperature 1";
  }
  EXPECT_EQ(draw(logits, {.temperature = 0, .seed = 0, .banned_tokens = {1}}, 0).token, 3);
}

// Temperatures so small that logits would overflow count as 0.
TEST(Sampler, TinyTemperaturesAreGreedy) {
  for (float temperature : {1e-3f, 1e-6f, 1e-7f, 1e-30f, 1e-40f, -1.0f, NAN}) {
    const Sampled s = draw({-5, 30, 29, -40}, {.temperature = temperature, .seed = 0, .banned_tokens = {}}, 0.999);
    EXPECT_EQ(s.token, 1) << temperature;
    EXPECT_TRUE(std::isfinite(s.log_prob)) << temperature;
  }
}

TEST(Sampler, HugeLogitsDrawTheLargest) {
  const Sampled s = draw({-1e30f, 1e30f, 3e29f}, {}, 0.7);
  EXPECT_EQ(s.token, 1);
  EXPECT_EQ(s.log_prob, 0.0f);
}

TEST(Sampler, EveryInstructionSetDrawsTheSame) {
  for (const Kernels* kernels : all_kernels())
    for (uint64_t i = 0; i < 200; ++i) {
      const std::vector<float> logits = random_logits(1 + i % 67, i);
      const SamplingParams params{.temperature = 0.5f + 0.01f * float(i), .seed = 0, .banned_tokens = {}};
      const double u = uniform(9, 9, i);
      const Sampled want = draw(logits, params, u, plain_kernels()), got = draw(logits, params, u, *kernels);
      EXPECT_EQ(got.token, want.token) << kernels->name;
      EXPECT_EQ(got.log_prob, want.log_prob) << kernels->name;
    }
}

}  // namespace
}  // namespace r1
