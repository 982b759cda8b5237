#include "train/grpo_math.h"

#include <algorithm>
#include <cmath>

#include "kernels/scalar_math.h"

namespace r1 {
namespace {

constexpr double kMaxLogRatio = 20;

double clamped_exp(double x) { return exact_exp(std::clamp(x, -kMaxLogRatio, kMaxLogRatio)); }

}  // namespace

bool all_equal(std::span<const std::optional<double>> rewards) {
  std::optional<double> first;
  for (const auto& r : rewards) {
    if (!r) continue;
    if (first && *first != *r) return false;
    first = r;
  }
  return true;
}

std::vector<double> group_advantages(std::span<const std::optional<double>> rewards, const GrpoFormula& f) {
  std::vector<double> out(rewards.size(), 0.0);
  if (all_equal(rewards)) return out;
  double sum = 0, n = 0;
  for (const auto& r : rewards)
    if (r) {
      sum += *r;
      n += 1;
    }
  const double mean = sum / n;
  double squares = 0;
  for (const auto& r : rewards)
    if (r) squares += (*r - mean) * (*r - mean);
  const double scale = f.advantage == AdvantageNorm::none ? 1.0 : std::sqrt(squares / (n - 1)) + f.std_guard;
  for (size_t i = 0; i < out.size(); ++i)
    if (rewards[i]) out[i] = (*rewards[i] - mean) / scale;
  return out;
}

double k3_estimate(double log_prob, double reference_log_prob) {
  const double log_x = std::clamp(reference_log_prob - log_prob, -kMaxLogRatio, kMaxLogRatio);
  return exact_exp(log_x) - 1 - log_x;
}

TokenTerm grpo_token(double log_prob, double old_log_prob, double reference_log_prob, double advantage,
                     const GrpoFormula& f) {
  TokenTerm t;
  t.ratio = clamped_exp(log_prob - old_log_prob);
  t.clipped_low = advantage < 0 && t.ratio < 1 - f.epsilon_low;
  t.clipped_high = advantage > 0 && t.ratio > 1 + f.epsilon_high;
  if (t.clipped_low || t.clipped_high) {
    t.loss = -advantage * (t.clipped_low ? 1 - f.epsilon_low : 1 + f.epsilon_high);
  } else {
    t.loss = -advantage * t.ratio;
    t.d_log_prob = -advantage * t.ratio;  // d rho / d log p = rho
  }
  if (f.beta != 0) {
    t.kl = k3_estimate(log_prob, reference_log_prob);
    t.loss += f.beta * t.kl;
    t.d_log_prob += f.beta * (1 - clamped_exp(reference_log_prob - log_prob));
  }
  return t;
}

double token_weight(const GrpoFormula& f, size_t length, size_t samples, size_t total_tokens, size_t budget) {
  switch (f.aggregation) {
    case LossAggregation::sequence_mean:
      return 1.0 / (double(std::max<size_t>(1, length)) * double(samples));
    case LossAggregation::token_mean:
      return 1.0 / double(std::max<size_t>(1, total_tokens));
    case LossAggregation::constant:
      return 1.0 / ((f.constant_length > 0 ? f.constant_length : double(budget)) * double(samples));
  }
  return 0;
}

}  // namespace r1
