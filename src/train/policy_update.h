// One optimiser step of GRPO on a mini-batch of rollouts.
#pragma once
#include <vector>

#include "train/optimizer.h"
#include "train/rollout.h"
#include "train/sequence_loss.h"

namespace r1 {

struct PolicySample {
  const RolloutGroup* group;
  const Rollout* rollout;
};

struct UpdateReport {
  double loss = 0, kl = 0, entropy = 0;  // means over tokens (loss: as aggregated)
  double clip_low = 0, clip_high = 0;    // shares of tokens
  double max_abs_log_prob_diff = 0;      // between this forward and the one that sampled
  size_t tokens = 0;
  std::vector<std::vector<uint32_t>> load;
};

struct UpdatePlan {
  GrpoFormula formula;
  double temperature = 1;
  size_t budget = 0;                 // max_new_tokens, for LossAggregation::constant
  size_t micro_batch_tokens = 8192;  // memory bound; moves roundings where a weight has several uses (tied embeddings)
  std::vector<int> banned_tokens;    // as at sampling
  bool mask_truncated = false;       // samples cut off by the budget give no gradient (DAPO's overlong filtering)
};

// Adds the gradient of the loss over `samples` to the policy's weights. reference: the model of the KL term, null when
// beta is 0.
UpdateReport accumulate_policy_gradient(const Exec& exec, BufferPool& buffers, Model& policy, Model* reference,
                                        std::span<const PolicySample> samples, const UpdatePlan& plan);

}  // namespace r1
