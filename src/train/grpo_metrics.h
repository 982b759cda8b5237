// The figures of a GRPO step, by the names TRL's users know.
#pragma once
#include "train/metrics.h"
#include "train/rollout.h"

namespace r1 {

struct RolloutCounts {
  size_t groups_sampled = 0, groups_equal = 0;  // before any were dropped
};
bool has_reflection(const std::string& text);  // a reflective word in the thought
// reward, reward_std, rewards/NAME/mean and /std, completions/*, frac_reward_zero_std, and the shares this project
// adds.
Metrics rollout_metrics(std::span<const RolloutGroup> groups, std::span<const WeightedReward> rewards,
                        RolloutCounts counts);
// One line of samples.jsonl.
std::string sample_line(int64_t step, const RolloutGroup& group, const Rollout& rollout,
                        std::span<const WeightedReward> rewards);

}  // namespace r1
