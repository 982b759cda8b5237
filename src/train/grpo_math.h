// The formulas of GRPO (DeepSeekMath, arXiv 2402.03300, section 4.1; DeepSeek-R1, arXiv 2501.12948, section 2.2.1),
// apart from any model. Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace r1 {

enum class AdvantageNorm : uint8_t { group_std, none };  // none: Dr. GRPO (2503.20783)
// How token terms become one loss: mean over a sample's tokens, then over samples (GRPO); mean over all tokens (DAPO,
// 2503.14476); sum over tokens divided by a constant, mean over samples (Dr. GRPO).
enum class LossAggregation : uint8_t { sequence_mean, token_mean, constant };

struct GrpoFormula {
  double epsilon_low = 10, epsilon_high = 10;  // R1's clip range
  double beta = 0.001;                         // weight of the KL term
  AdvantageNorm advantage = AdvantageNorm::group_std;
  double std_guard = 1e-4;  // added to the standard deviation
  LossAggregation aggregation = LossAggregation::sequence_mean;
  double constant_length = 0;  // the divisor of `constant`; 0: the generation budget
};

// (r - mean) / (sample std + guard), or r - mean. A group whose rewards are all equal (exactly) gets zeros. Rewards
// that abstained (nullopt) leave mean and deviation alone and get 0. REQUIRES: at least 2 rewards with group_std.
std::vector<double> group_advantages(std::span<const std::optional<double>> rewards, const GrpoFormula& f);
// All present rewards are exactly equal (or fewer than two are present).
bool all_equal(std::span<const std::optional<double>> rewards);

// One token's term of the loss to minimise and its slope in log p.
struct TokenTerm {
  double loss = 0;        // -(min(rho A, clip(rho) A) - beta k3)
  double d_log_prob = 0;  // d loss / d log pi_theta
  double ratio = 1, kl = 0;
  bool clipped_low = false, clipped_high = false;
};
// log_prob under the policy, old under the sampler's, reference under the reference policy (ignored when beta is 0).
// Log-ratios are clamped to +-20 before exp, so no term overflows.
TokenTerm grpo_token(double log_prob, double old_log_prob, double reference_log_prob, double advantage,
                     const GrpoFormula& f);

// k3 = x - 1 - ln x with ln x = reference - log_prob, at least 0 (Schulman 2020).
double k3_estimate(double log_prob, double reference_log_prob);

// The weight of each token of a sample of `length` tokens, when `samples` samples have `total_tokens` tokens together.
double token_weight(const GrpoFormula& f, size_t length, size_t samples, size_t total_tokens, size_t budget);

}  // namespace r1
