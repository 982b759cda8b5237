// The output head: log-probabilities of given tokens, and logits. Logits of a batch are never held whole: rows go
// through in chunks.
#pragma once
#include <span>
#include <vector>

#include "tensor/graph.h"
#include "tensor/param.h"

namespace r1 {

// log p of a token from its logit and its row's statistics. The sampler records with this function what the trainer
// computes with it.
inline float log_prob_of(float logit, float inverse_temperature, RowStats stats) {
  return logit * inverse_temperature - stats.max - stats.log_sum;
}

// What stands in for the logit of a token that must not be drawn: its probability is exactly 0, and no product with it
// is NaN.
inline constexpr float kBannedLogit = -1e30f;

struct TokenLogProbs {
  Tensor log_probs;            // [M, 1]: log softmax(logits * inverse_temperature) at the target; 0 for a target of -1
  std::vector<float> entropy;  // of the same distribution, in nats; empty unless asked for
};

// banned: tokens the distribution leaves out. h [M, d], head [vocab, d] packed, targets[M]: token ids, or -1 for rows
// that are not scored (they cost nothing). The caller seeds log_probs.grad with d loss / d log_prob; the vjp recomputes
// the logits.
TokenLogProbs token_log_probs(Graph& g, const Tensor& h, Param& head, std::span<const int> targets,
                              float inverse_temperature, bool want_entropy, std::span<const int> banned = {});

}  // namespace r1
