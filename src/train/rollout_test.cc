#include "train/rollout.h"

#include <set>

#include "train/test_run.h"

namespace r1 {
namespace {

using testing::contains;
using testing::TempFolder;
using testing::tiny_tokenizer;
using testing::TinyRun;

SamplingPlan plan(size_t group_size = 4) {
  SamplingPlan p;
  p.group_size = group_size;
  p.max_new_tokens = 6;
  p.sampling.seed = 3;
  return p;
}

struct Rollouts : ::testing::Test {
  Result<std::vector<RolloutGroup>> sample(uint64_t first, size_t count, const SamplingPlan& p,
                                           size_t max_running = 512) {
    Engine engine(run.exec, *run.model, {max_running, 64});
    return sample_groups(engine, tiny_tokenizer(), run.chat, *tasks, first, count, p);
  }
  static std::vector<std::vector<int>> tokens(const std::vector<RolloutGroup>& groups) {
    std::vector<std::vector<int>> out;
    for (const RolloutGroup& g : groups)
      for (const Rollout& r : g.rollouts) out.push_back(r.completion);
    return out;
  }
  TinyRun run;
  std::unique_ptr<TaskSet> tasks = open_task_set("chain", {}).value();
};

TEST_F(Rollouts, AGroupHoldsSamplesOfOneTrainProblem) {
  const auto groups = sample(5, 3, plan()).value();
  ASSERT_EQ(groups.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(groups[i].problem.prompt, tasks->train_problem(3, 5 + i).prompt);
    EXPECT_EQ(groups[i].prompt,
              encode_question(tiny_tokenizer(), run.chat, PromptStyle::chat, groups[i].problem.prompt).value());
    ASSERT_EQ(groups[i].rollouts.size(), 4u);
    for (const Rollout& r : groups[i].rollouts) {
      EXPECT_GE(r.completion.size(), 1u);
      EXPECT_LE(r.completion.size(), 6u);
      EXPECT_EQ(r.log_probs.size(), r.completion.size());
    }
  }
  const auto all = tokens(groups);
  EXPECT_GT(std::set(all.begin(), all.end()).size(), 6u);  // not the same draw for every sample
}

TEST_F(Rollouts, WhatIsDrawnDependsOnSeedProblemAndSampleOnly) {
  const auto together = tokens(sample(0, 4, plan()).value());
  std::vector<std::vector<int>> apart;
  for (uint64_t i = 0; i < 4; ++i)
    for (auto& t : tokens(sample(i, 1, plan(), 3).value())) apart.push_back(t);
  EXPECT_EQ(together, apart);
  const auto larger = tokens(sample(0, 1, plan(6)).value());
  EXPECT_TRUE(std::equal(together.begin(), together.begin() + 4, larger.begin()));
  SamplingPlan other = plan();
  other.sampling.seed = 4;
  EXPECT_NE(tokens(sample(0, 4, other).value()), together);
}

TEST_F(Rollouts, BannedTokensAreNeverDrawn) {
  SamplingPlan p = plan(64);
  const auto free = tokens(sample(0, 2, p).value());
  std::set<int> drawn;
  for (const auto& t : free) drawn.insert(t.begin(), t.end());
  for (const int id : drawn)
    if (p.sampling.banned_tokens.size() < drawn.size() / 2) p.sampling.banned_tokens.push_back(id);
  ASSERT_FALSE(p.sampling.banned_tokens.empty());
  for (const auto& t : tokens(sample(0, 2, p).value()))
    for (const int id : t)
      EXPECT_EQ(std::count(p.sampling.banned_tokens.begin(), p.sampling.banned_tokens.end(), id), 0) << id;
}

TEST_F(Rollouts, AStopTokenEndsASampleAndIsNotPartOfItsText) {
  SamplingPlan p = plan(8);
  for (int id = 0; id < int(run.config.vocab_size); id += 3) p.stop_tokens.push_back(id);
  size_t stopped = 0;
  for (const RolloutGroup& g : sample(0, 2, p).value())
    for (const Rollout& r : g.rollouts) {
      EXPECT_EQ(r.stopped, r.completion.back() % 3 == 0);
      stopped += r.stopped;
      const auto kept = std::span(r.completion).first(r.completion.size() - (r.stopped ? 1 : 0));
      for (const int id : kept) EXPECT_NE(id % 3, 0);
      EXPECT_EQ(r.text, tiny_tokenizer().decode(kept, false).value());
    }
  EXPECT_GT(stopped, 0u);
}

TEST_F(Rollouts, APromptThatFillsTheContextIsAnErrorThatNamesIt) {
  SamplingPlan p = plan();
  p.context = 4;
  const auto groups = sample(0, 1, p);
  ASSERT_FALSE(groups.ok());
  EXPECT_TRUE(contains(groups.error().text(), "chain"));
  EXPECT_TRUE(contains(groups.error().text(), "the model's context of 4 leaves no room"));
}

// A reward that says what the test wants.
class Fixed final : public Reward {
 public:
  Fixed(std::string name, Scores scores) : name_(std::move(name)), scores_(std::move(scores)) {}
  std::string_view name() const override { return name_; }
  Result<Scores> score(std::span<const Scored> items) override {
    if (items.size() != scores_.size()) return Error::invalid(name_, "has other ideas");
    return scores_;
  }

 private:
  std::string name_;
  Scores scores_;
};

std::vector<WeightedReward> rewards(Scores a, double weight_a, Scores b, double weight_b) {
  std::vector<WeightedReward> out;
  out.push_back({std::make_unique<Fixed>("a", std::move(a)), weight_a});
  out.push_back({std::make_unique<Fixed>("b", std::move(b)), weight_b});
  return out;
}

std::vector<RolloutGroup> two_groups_of_two() {
  std::vector<RolloutGroup> groups(2);
  for (RolloutGroup& g : groups) g.rollouts.resize(2);
  return groups;
}

TEST(ScoreGroups, WeighsSumsAndNormalisesWithinTheGroup) {
  auto groups = two_groups_of_two();
  GrpoFormula f;
  f.std_guard = 0;
  ASSERT_TRUE(score_groups(groups, rewards({1, 0, 1, 1}, 1, {0, 1, 0.5, 0.5}, 0.25), f).ok());
  EXPECT_EQ(groups[0].rollouts[0].reward, 1.0);
  EXPECT_EQ(groups[0].rollouts[1].reward, 0.25);
  EXPECT_EQ(groups[0].rollouts[0].rewards, (std::vector<std::optional<double>>{1, 0}));
  EXPECT_NEAR(groups[0].rollouts[0].advantage, std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(groups[0].rollouts[1].advantage, -std::sqrt(0.5), 1e-12);
  EXPECT_FALSE(is_degenerate(groups[0]));
  EXPECT_EQ(groups[1].rollouts[0].reward, 1.125);
  EXPECT_EQ(groups[1].rollouts[0].advantage, 0);
  EXPECT_TRUE(is_degenerate(groups[1]));
}

TEST(ScoreGroups, AbstentionsLeaveTheOthersToSpeak) {
  auto groups = two_groups_of_two();
  const std::optional<double> none;
  ASSERT_TRUE(score_groups(groups, rewards({none, 1, none, 1}, 2, {0.5, none, none, 0}, 1), {}).ok());
  EXPECT_EQ(groups[0].rollouts[0].reward, 0.5);
  EXPECT_EQ(groups[0].rollouts[1].reward, 2.0);
  EXPECT_EQ(groups[1].rollouts[0].reward, std::nullopt);
  EXPECT_EQ(groups[1].rollouts[0].advantage, 0);
  EXPECT_TRUE(is_degenerate(groups[1]));
}

TEST(ScoreGroups, ARewardsErrorIsPassedOn) {
  auto groups = two_groups_of_two();
  const Status s = score_groups(groups, rewards({1}, 1, {1, 1, 1, 1}, 1), {});
  ASSERT_FALSE(s.ok());
  EXPECT_EQ(s.error().text(), "a: has other ideas");
}

}  // namespace
}  // namespace r1
