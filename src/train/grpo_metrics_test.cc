#include "train/grpo_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "format/json_parse.h"

namespace r1 {
namespace {

std::vector<WeightedReward> accuracy_and_format() {
  std::vector<WeightedReward> out;
  out.push_back({make_reward({"accuracy", 1, "", 60}).value(), 1});
  out.push_back({make_reward({"format", 1, "", 60}).value(), 0.5});
  return out;
}

Rollout rollout(size_t tokens, bool stopped, std::string text, std::optional<double> accuracy, double format) {
  Rollout r;
  r.completion.assign(tokens, 1);
  r.stopped = stopped;
  r.text = std::move(text);
  r.rewards = {accuracy, format};
  if (accuracy)
    r.reward = *accuracy + 0.5 * format;
  else
    r.reward = 0.5 * format;
  return r;
}

std::vector<RolloutGroup> two_groups() {
  std::vector<RolloutGroup> groups(2);
  groups[0].rollouts = {rollout(4, true, "<think> wait 3</think>", 1, 1), rollout(8, false, "<think> then 3", 0, 0)};
  groups[1].rollouts = {rollout(2, true, "<think> then</think> wait", std::nullopt, 1), rollout(6, true, "so 2", 0, 1)};
  return groups;
}

TEST(RolloutMetrics, ByHand) {
  const auto groups = two_groups();
  const auto rewards = accuracy_and_format();
  const Metrics m = rollout_metrics(groups, rewards, {4, 1});
  EXPECT_DOUBLE_EQ(metric(m, "reward"), (1.5 + 0 + 0.5 + 0.5) / 4);
  EXPECT_NEAR(metric(m, "reward_std"), 1.5 / std::sqrt(2.0) / 2, 1e-12);  // mean over groups of the sample std
  EXPECT_NEAR(metric(m, "rewards/accuracy/mean"), 1.0 / 3, 1e-12);        // the one that abstained is left out
  EXPECT_NEAR(metric(m, "rewards/accuracy/std"), std::sqrt(1.0 / 3), 1e-12);
  EXPECT_NEAR(metric(m, "rewards/format/mean"), 0.75, 1e-12);
  EXPECT_EQ(metric(m, "completions/mean_length"), 5);
  EXPECT_EQ(metric(m, "completions/min_length"), 2);
  EXPECT_EQ(metric(m, "completions/max_length"), 8);
  EXPECT_EQ(metric(m, "completions/clipped_ratio"), 0.25);
  EXPECT_EQ(metric(m, "completions/reflective_share"), 0.25);  // a "wait" outside the thought is none
  EXPECT_EQ(metric(m, "frac_reward_zero_std"), 0.25);
}

TEST(RolloutMetrics, OfNothingAreFinite) {
  const auto rewards = accuracy_and_format();
  for (const auto& [name, value] : rollout_metrics({}, rewards, {})) EXPECT_TRUE(std::isfinite(value)) << name;
}

TEST(HasReflection, LooksIntoTheThought) {
  EXPECT_TRUE(has_reflection("<think> then wait 2</think><answer> 2</answer>"));
  EXPECT_FALSE(has_reflection("<think> then 2</think><answer> wait</answer>"));
  EXPECT_FALSE(has_reflection(""));
}

TEST(SampleLine, IsOneLineOfJsonWhateverTheModelWrote) {
  auto groups = two_groups();
  groups[0].problem.prompt = "compute 1 + 2";
  groups[0].problem.answer = "3";
  groups[0].rollouts[0].text = "line\nbreak \"quote\" \xff\x01 end";
  groups[0].rollouts[0].advantage = -0.5;
  const std::string line = sample_line(7, groups[0], groups[0].rollouts[0], accuracy_and_format());
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const nlohmann::json j = nlohmann::json::parse(line);
  EXPECT_EQ(j["step"], 7);
  EXPECT_EQ(j["prompt"], "compute 1 + 2");
  EXPECT_EQ(j["answer"], "3");
  EXPECT_EQ(j["completion"], "line\nbreak \"quote\" \xEF\xBF\xBD\x01 end");
  EXPECT_EQ(j["rewards"]["accuracy"], 1.0);
  EXPECT_EQ(j["advantage"], -0.5);
  EXPECT_EQ(j["tokens"], 4);
  const nlohmann::json abstained =
      nlohmann::json::parse(sample_line(7, groups[1], groups[1].rollouts[0], accuracy_and_format()));
  EXPECT_TRUE(abstained["rewards"]["accuracy"].is_null());
}

}  // namespace
}  // namespace r1
