// Rollouts: groups of completions for train problems, their rewards and advantages.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "tasks/rewards.h"
#include "tasks/task_set.h"
#include "text/r1_zero.h"
#include "text/tokenizer.h"
#include "train/grpo_math.h"

namespace r1 {

struct Rollout {
  std::vector<int> completion;
  std::vector<float> log_probs;  // as recorded at sampling: the old policy's
  bool stopped = false;          // ended by itself, not by the budget
  std::string text;
  std::vector<std::optional<double>> rewards;  // by reward, unweighted
  std::optional<double> reward;                // weighted sum of those that did not abstain; nullopt if all did
  double advantage = 0;
};

struct RolloutGroup {
  Problem problem;
  std::vector<int> prompt;
  std::vector<Rollout> rollouts;
};

struct SamplingPlan {
  PromptStyle prompt = PromptStyle::chat;
  size_t group_size = 16, max_new_tokens = 160;
  SamplingParams sampling;
  std::vector<int> stop_tokens;
  size_t context = SIZE_MAX;  // a prompt that fills it is an error
};

// Samples group_size completions for problems first_index, first_index+1, ... of the train split. Random numbers depend
// on (sampling.seed, problem index, sample), nothing else.
Result<std::vector<RolloutGroup>> sample_groups(Engine& engine, const Tokenizer& tokenizer, const ChatTemplate& chat,
                                                const TaskSet& tasks, uint64_t first_index, size_t count,
                                                const SamplingPlan& plan);

struct WeightedReward {
  std::unique_ptr<Reward> reward;
  double weight = 1;
};
// Fills rewards, reward and advantage of every rollout.
Status score_groups(std::vector<RolloutGroup>& groups, std::span<const WeightedReward> rewards,
                    const GrpoFormula& formula);

bool is_degenerate(const RolloutGroup& group);  // all rewards exactly equal

}  // namespace r1
