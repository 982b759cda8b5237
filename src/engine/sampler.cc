#include "engine/sampler.h"

#include "tensor/head.h"

namespace r1 {
namespace {

constexpr float kLeastTemperature = 1e-6f;  // below it, logits over temperature could leave the range of a float

int argmax(std::span<const float> v) {
  size_t best = 0;
  for (size_t i = 1; i < v.size(); ++i)
    if (v[i] > v[best]) best = i;
  return int(best);
}

// The first token at which the running sum passes u; the last token with any probability if rounding leaves u beyond
// the sum.
int draw(std::span<const float> probs, double u) {
  double sum = 0;
  int last = 0;
  for (size_t i = 0; i < probs.size(); ++i) {
    if (probs[i] <= 0) continue;
    sum += probs[i];
    last = int(i);
    if (u < sum) return last;
  }
  return last;
}

}  // namespace

Sampled sample(const Kernels& kernels, std::span<float> logits, std::span<float> probs, const SamplingParams& params,
               double u) {
  for (int t : params.banned_tokens)
    if (t >= 0 && size_t(t) < logits.size()) logits[size_t(t)] = kBannedLogit;
  const bool greedy = !(params.temperature >= kLeastTemperature);
  const float inverse_temperature = greedy ? 1.0f : 1.0f / params.temperature;
  const RowStats stats = kernels.row_stats(logits.data(), logits.size(), inverse_temperature);
  Sampled out;
  if (greedy) {
    out.token = argmax(logits);
  } else {
    kernels.softmax(probs.data(), logits.data(), logits.size(), inverse_temperature, stats);
    out.token = draw(probs, u);
  }
  out.log_prob = log_prob_of(logits[size_t(out.token)], inverse_temperature, stats);
  return out;
}

}  // namespace r1
