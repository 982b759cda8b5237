#include "train/grpo_metrics.h"

#include <algorithm>
#include <cmath>

#include "format/json_parse.h"
#include "tasks/grade.h"
#include "tasks/words.h"
#include "text/language.h"

namespace r1 {
namespace {

// Mean and sample standard deviation.
struct Moments {
  double n = 0, sum = 0, squares = 0;
  void add(double x) {
    n += 1;
    sum += x;
    squares += x * x;
  }
  double mean() const { return n > 0 ? sum / n : 0; }
  double std_dev() const { return n > 1 ? std::sqrt(std::max(0.0, (squares - sum * sum / n) / (n - 1))) : 0; }
};

}  // namespace

bool has_reflection(const std::string& text) { return count_reflective_words(thinking_of(text)) > 0; }

Metrics rollout_metrics(std::span<const RolloutGroup> groups, std::span<const WeightedReward> rewards,
                        RolloutCounts counts) {
  Moments reward, length, clipped, reflective, mixed, group_std;
  std::vector<Moments> by_name(rewards.size());
  double shortest = 0, longest = 0;
  for (const RolloutGroup& g : groups) {
    Moments within;
    for (const Rollout& r : g.rollouts) {
      if (r.reward) {
        reward.add(*r.reward);
        within.add(*r.reward);
      }
      for (size_t i = 0; i < rewards.size(); ++i)
        if (r.rewards[i]) by_name[i].add(*r.rewards[i]);
      const double n = double(r.completion.size());
      shortest = length.n == 0 ? n : std::min(shortest, n);
      longest = std::max(longest, n);
      length.add(n);
      clipped.add(r.stopped ? 0 : 1);
      reflective.add(has_reflection(r.text) ? 1 : 0);
      mixed.add(mixes_languages(thinking_of(r.text)) ? 1 : 0);
    }
    group_std.add(within.std_dev());
  }
  Metrics m = {{"reward", reward.mean()}, {"reward_std", group_std.mean()}};
  for (size_t i = 0; i < rewards.size(); ++i) {
    m.push_back({cat("rewards/", rewards[i].reward->name(), "/mean"), by_name[i].mean()});
    m.push_back({cat("rewards/", rewards[i].reward->name(), "/std"), by_name[i].std_dev()});
  }
  m.insert(m.end(), {{"completions/mean_length", length.mean()},
                     {"completions/min_length", shortest},
                     {"completions/max_length", longest},
                     {"completions/clipped_ratio", clipped.mean()},
                     {"completions/reflective_share", reflective.mean()},
                     {"completions/mixed_language_share", mixed.mean()},
                     {"frac_reward_zero_std",
                      counts.groups_sampled > 0 ? double(counts.groups_equal) / double(counts.groups_sampled) : 0}});
  return m;
}

std::string sample_line(int64_t step, const RolloutGroup& group, const Rollout& rollout,
                        std::span<const WeightedReward> rewards) {
  nlohmann::ordered_json j;
  j["step"] = step;
  j["prompt"] = group.problem.prompt;
  j["answer"] = group.problem.answer;
  j["completion"] = rollout.text;
  for (size_t i = 0; i < rewards.size(); ++i)
    j["rewards"][std::string(rewards[i].reward->name())] =
        rollout.rewards[i] ? nlohmann::ordered_json(*rollout.rewards[i]) : nlohmann::ordered_json(nullptr);
  j["reward"] = rollout.reward ? nlohmann::ordered_json(*rollout.reward) : nlohmann::ordered_json(nullptr);
  j["advantage"] = rollout.advantage;
  j["tokens"] = rollout.completion.size();
  return dump_json(j);
}

}  // namespace r1
