// Draws a token from a row of logits.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernels.h"

namespace r1 {

struct SamplingParams {
  float temperature = 1.0f;  // 0 (or below 1e-6): the most likely token (lowest id among equals)
  uint64_t seed = 0;
  std::vector<int> banned_tokens;  // never drawn; log-probs are of the distribution without them
};

struct Sampled {
  int token = 0;
  float log_prob = 0;  // of the temperature-scaled distribution the token was drawn from
};

// Inverse CDF at u in [0, 1), tokens in id order. logits may be changed (banned ones become kBannedLogit); probs:
// scratch of n floats. Pure otherwise; thread-safe.
Sampled sample(const Kernels& kernels, std::span<float> logits, std::span<float> probs, const SamplingParams& params,
               double u);

}  // namespace r1
