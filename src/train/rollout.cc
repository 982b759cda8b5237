#include "train/rollout.h"

#include <algorithm>

#include "chat/decode.h"

namespace r1 {
namespace {

std::vector<std::optional<double>> rewards_of(const RolloutGroup& group) {
  std::vector<std::optional<double>> out;
  for (const Rollout& r : group.rollouts) out.push_back(r.reward);
  return out;
}

}  // namespace

bool is_degenerate(const RolloutGroup& group) { return all_equal(rewards_of(group)); }

Result<std::vector<RolloutGroup>> sample_groups(Engine& engine, const Tokenizer& tokenizer, const ChatTemplate& chat,
                                                const TaskSet& tasks, uint64_t first_index, size_t count,
                                                const SamplingPlan& plan) {
  std::vector<RolloutGroup> groups(count);
  std::vector<Request> requests(count);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t index = first_index + i;
    groups[i].problem = tasks.train_problem(plan.sampling.seed, index);
    TRY_ASSIGN(groups[i].prompt, encode_question(tokenizer, chat, plan.prompt, groups[i].problem.prompt));
    if (groups[i].prompt.size() >= plan.context)
      return Error::invalid(cat(tasks.name(), ": problem \"", groups[i].problem.prompt.substr(0, 60), "\""),
                            cat("takes ", groups[i].prompt.size(), " tokens; the model's context of ", plan.context,
                                " leaves no room for an answer"));
    requests[i] = {groups[i].prompt, plan.sampling,       index << 20,
                   plan.group_size,  plan.max_new_tokens, plan.stop_tokens};
  }
  const auto completions = generate(engine, requests);
  for (size_t i = 0; i < count; ++i)
    for (const Completion& c : completions[i]) {
      Rollout r;
      r.completion = c.tokens;
      r.log_probs = c.log_probs;
      r.stopped = c.stopped;
      r.text = completion_text(tokenizer, c.tokens, c.stopped);
      groups[i].rollouts.push_back(std::move(r));
    }
  return groups;
}

Status score_groups(std::vector<RolloutGroup>& groups, std::span<const WeightedReward> rewards,
                    const GrpoFormula& formula) {
  std::vector<Scored> items;
  for (const RolloutGroup& g : groups)
    for (const Rollout& r : g.rollouts) items.push_back({&g.problem, r.text});
  std::vector<Scores> scores;
  for (const WeightedReward& w : rewards) {
    TRY_ASSIGN(Scores s, w.reward->score(items));
    scores.push_back(std::move(s));
  }
  size_t at = 0;
  for (RolloutGroup& g : groups) {
    for (Rollout& r : g.rollouts) {
      r.rewards.clear();
      r.reward.reset();
      for (size_t i = 0; i < rewards.size(); ++i) {
        r.rewards.push_back(scores[i][at]);
        if (scores[i][at]) r.reward = r.reward.value_or(0) + rewards[i].weight * *scores[i][at];
      }
      ++at;
    }
    const std::vector<double> advantages = group_advantages(rewards_of(g), formula);
    for (size_t i = 0; i < advantages.size(); ++i) g.rollouts[i].advantage = advantages[i];
  }
  return {};
}

}  // namespace r1
