#include "tasks/rewards.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tasks/chain.h"

namespace r1 {
namespace {

const Chain kChain{3, {{'+', 4}}};

std::vector<std::optional<double>> scores(std::string_view name, const Problem& problem,
                                          std::vector<std::string> completions) {
  auto reward = make_reward({.name = std::string(name), .command = {}});
  EXPECT_TRUE(reward.ok());
  std::vector<Scored> items;
  for (auto& text : completions) items.push_back({&problem, text});
  return (*reward)->score(items).value();
}

TEST(Rewards, AccuracyAndFormatAreApart) {
  const Problem p = chain_problem(kChain, Language::english);
  const std::vector<std::string> completions = {"<think></think><answer> 7</answer>", " so 7",
                                                "<think></think><answer> 8</answer>", " so 8"};
  EXPECT_EQ(scores("accuracy", p, completions), (Scores{1, 1, 0, 0}));
  EXPECT_EQ(scores("format", p, completions), (Scores{1, 0, 1, 0}));
}

TEST(Rewards, LanguageIsTheShareOfTheThought) {
  const Problem en = chain_problem(kChain, Language::english), zh = chain_problem(kChain, Language::chinese);
  const std::vector<std::string> completions = {
      "<think> then 3 + 4 = 7 ok</think><answer> 7</answer>", "<think> 然后 3 + 4 = 7 ok</think><answer> 7</answer>",
      "<think> 然后 3 + 4 = 7 好</think><answer> 7</answer>", "<think></think><answer> 7</answer>"};
  EXPECT_EQ(scores("language", en, completions), (Scores{1, 0.5, 0, 0}));
  EXPECT_EQ(scores("language", zh, completions), (Scores{0, 0.5, 1, 0}));
  Problem unknown = en;
  unknown.language = "";
  EXPECT_EQ(scores("language", unknown, {completions[0]}), (Scores{std::nullopt}));
}

TEST(Rewards, BadSpecsAreErrors) {
  const auto where = [](RewardSpec spec) {
    const auto reward = make_reward(spec);
    return reward.ok() ? std::string() : reward.error().text();
  };
  EXPECT_EQ(where({.name = "acuracy", .command = {}}),
            "reward.name: is \"acuracy\"; expected accuracy, format or language, or a command of your own");
  EXPECT_EQ(where({.name = "", .command = {}}), "reward.name: is empty");
  EXPECT_EQ(where({.name = "mine", .command = "cat", .timeout_seconds = 0}),
            "reward.timeout_seconds: is 0; expected 0 to 86400");
  EXPECT_EQ(where({.name = "format", .weight = NAN, .command = {}}), "reward.weight: is nan; expected a finite number");
}

}  // namespace
}  // namespace r1
