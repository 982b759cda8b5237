#include "tasks/chain.h"

#include <gtest/gtest.h>

#include "tasks/grade.h"

namespace r1 {
namespace {

Chain chain_of(int start, std::vector<Chain::Step> steps) { return {start, std::move(steps)}; }

ChainThoughts flawless() {
  ChainThoughts thoughts;
  thoughts.jump_wrong = thoughts.wait_if_right = thoughts.wait_if_wrong = thoughts.redo_wrong = 0;
  thoughts.direct_right = 1;
  return thoughts;
}

TEST(Chain, IsReadFromLeftToRight) {
  EXPECT_EQ(chain_value(chain_of(3, {{'+', 4}, {'*', 2}, {'-', 5}})), 9);
  EXPECT_EQ(chain_value(chain_of(2, {{'+', 2}, {'*', 5}})), 20);
}

TEST(Chain, MakesAProblemInBothLanguages) {
  const Chain chain = chain_of(3, {{'+', 4}, {'*', 2}, {'-', 5}});
  const Problem en = chain_problem(chain, Language::english), zh = chain_problem(chain, Language::chinese);
  EXPECT_EQ(en.prompt, "compute 3 + 4 * 2 - 5");
  EXPECT_EQ(zh.prompt, "计算 3 + 4 * 2 - 5");
  EXPECT_EQ(en.answer, "9");
  EXPECT_EQ(en.level, 3);
  EXPECT_EQ(en.language, "en");
  EXPECT_EQ(zh.language, "zh");
  EXPECT_EQ(en.canonical, zh.canonical);
  EXPECT_TRUE(grade(en, "<think></think><answer> 9</answer>").correct);
  EXPECT_FALSE(grade(en, "<think></think><answer> 14</answer>").correct);
}

TEST(Chain, IsTakenInGroupsOfTwoOrThree) {
  EXPECT_EQ(chain_groups(1), (std::vector<int>{1}));
  EXPECT_EQ(chain_groups(2), (std::vector<int>{2}));
  EXPECT_EQ(chain_groups(3), (std::vector<int>{3}));
  EXPECT_EQ(chain_groups(4), (std::vector<int>{2, 2}));
  EXPECT_EQ(chain_groups(5), (std::vector<int>{2, 3}));
  EXPECT_EQ(chain_groups(6), (std::vector<int>{2, 2, 2}));
  EXPECT_EQ(chain_groups(7), (std::vector<int>{2, 2, 3}));
}

TEST(Chain, DrawsWithinItsRanges) {
  const ChainConfig config;
  Rng rng{5, 0, 0};
  std::array<int, 7> lengths{};
  int products = 0, steps = 0;
  for (int i = 0; i < 20000; ++i) {
    const Chain chain = draw_chain(config, rng);
    ASSERT_TRUE(chain.start >= 1 && chain.start <= 15);
    ASSERT_TRUE(chain.steps.size() >= 2 && chain.steps.size() <= 6);
    ++lengths[chain.steps.size()];
    Chain prefix{chain.start, {}};
    for (const auto& step : chain.steps) {
      ASSERT_TRUE(step.operand >= 2 && step.operand <= 9);
      prefix.steps.push_back(step);
      const int value = chain_value(prefix);
      ASSERT_TRUE(value >= 0 && value <= 30);
      products += step.op == '*', ++steps;
    }
  }
  for (size_t k = 2; k <= 6; ++k) EXPECT_NEAR(lengths[k], 4000, 250);
  EXPECT_GT(products, steps / 20);
}

TEST(ChainSolution, PlainJumpsFromGroupToGroup) {
  Rng rng{1, 0, 0};
  const Chain chain = chain_of(3, {{'+', 4}, {'*', 2}, {'-', 5}, {'+', 1}});
  const Solution s = solve_chain(chain, Style::plain, Voice::english, flawless(), rng);
  EXPECT_EQ(s.thought, " then 3 + 4 * 2 = 14 then 14 - 5 + 1 = 10");
  EXPECT_EQ(s.answer, "10");
  EXPECT_EQ(solve_chain(chain, Style::direct, Voice::english, flawless(), rng).thought, "");
}

TEST(ChainSolution, CarefulSaysOkOrDoesItOver) {
  Rng rng{1, 0, 0};
  const Chain chain = chain_of(2, {{'+', 2}, {'+', 5}});
  ChainThoughts thoughts = flawless();
  EXPECT_EQ(solve_chain(chain, Style::careful, Voice::chinese, thoughts, rng).thought, " 然后 2 + 2 + 5 = 9 好");
  thoughts.wait_if_right = 1;
  EXPECT_EQ(solve_chain(chain, Style::careful, Voice::english, thoughts, rng).thought,
            " then 2 + 2 + 5 = 9 wait 2 + 2 = 4 + 5 = 9");
}

TEST(ChainSolution, TheRedoRepairsAWrongJumpAndTheNextGroupUsesIt) {
  Rng rng{1, 0, 0};
  ChainThoughts thoughts = flawless();
  thoughts.jump_wrong = 1;
  thoughts.wait_if_wrong = 1;
  const ChainConfig config;
  for (int i = 0; i < 2000; ++i) {
    const Chain chain = draw_chain(config, rng);
    const Solution careful = solve_chain(chain, Style::careful, Voice::english, thoughts, rng);
    ASSERT_EQ(careful.answer, cat(chain_value(chain))) << careful.thought;
    ASSERT_NE(careful.thought.find(" wait "), std::string::npos);
  }
}

TEST(ChainSolution, WritesOnlyNumbersOfTheCorpus) {
  Rng rng{2, 0, 0};
  const ChainConfig config;
  ChainThoughts thoughts;
  thoughts.jump_wrong = thoughts.redo_wrong = 0.8;
  for (int i = 0; i < 5000; ++i) {
    const Chain chain = draw_chain(config, rng);
    const Style style = kStyles[size_t(i) % 3];
    const Solution s = solve_chain(chain, style, Voice::english, thoughts, rng);
    int number = -1;
    for (char c : s.thought + ' ' + s.answer + ' ') {
      if (c >= '0' && c <= '9')
        number = std::max(number, 0) * 10 + (c - '0');
      else
        number = -1;
      ASSERT_LE(number, kLargestNumber) << s.thought;
    }
  }
}

TEST(ChainSolution, ErrsAtTheRateAskedFor) {
  Rng rng{3, 0, 0};
  const ChainConfig config{.min_steps = 2, .max_steps = 2};
  ChainThoughts thoughts;
  int plain = 0, careful = 0, direct = 0;
  for (int i = 0; i < 20000; ++i) {
    const Chain chain = draw_chain(config, rng);
    const std::string right = cat(chain_value(chain));
    plain += solve_chain(chain, Style::plain, Voice::english, thoughts, rng).answer == right;
    careful += solve_chain(chain, Style::careful, Voice::english, thoughts, rng).answer == right;
    direct += solve_chain(chain, Style::direct, Voice::english, thoughts, rng).answer == right;
  }
  EXPECT_NEAR(plain / 20000.0, 0.75, 0.015);
  EXPECT_NEAR(careful / 20000.0, 1 - 0.25 * 0.25, 0.01);
  EXPECT_NEAR(direct / 20000.0, 0.5, 0.015);
}

TEST(ChainConfig, RefusesWhatCannotBeDrawn) {
  EXPECT_TRUE(ChainConfig{}.validate().ok());
  const auto where = [](ChainConfig c) { return c.validate().ok() ? "" : c.validate().error().where; };
  EXPECT_EQ(where({.min_steps = 0}), "chain.min_steps");
  EXPECT_EQ(where({.min_steps = 5, .max_steps = 4}), "chain.max_steps");
  EXPECT_EQ(where({.max_value = 70}), "chain.max_value");
  EXPECT_EQ(where({.max_start = 31}), "chain.max_start");
  EXPECT_EQ(where({.min_operand = 16, .max_operand = 20}), "chain.min_operand");
  EXPECT_EQ(where({.add_weight = 0}), "chain.add_weight");
  // The tightest config it takes can always go on.
  ChainConfig tight{.min_start = 0, .max_start = 30, .min_operand = 15, .max_operand = 15};
  ASSERT_TRUE(tight.validate().ok());
  Rng rng{1, 0, 0};
  for (int i = 0; i < 100; ++i) (void)draw_chain(tight, rng);
}

}  // namespace
}  // namespace r1
