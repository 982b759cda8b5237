#include "tasks/countdown.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tasks/expression.h"
#include "tasks/grade.h"

namespace r1 {
namespace {

constexpr int kMax = 60;
const Countdown kItem{{8, 4, 3}, 20};

CountdownThoughts flawless() {
  CountdownThoughts thoughts;
  thoughts.equation_wrong = 0;
  return thoughts;
}

TEST(CountdownItem, HasNineBranchesAtMost) {
  std::vector<std::string> lines;
  for (const auto& b : countdown_branches(kItem, kMax)) lines.push_back(cat(b.left, b.op, b.right, '=', b.value));
  EXPECT_EQ(lines, (std::vector<std::string>{"8*4=32", "8+4=12", "8-4=4", "8*3=24", "8+3=11", "8-3=5", "4*3=12",
                                             "4+3=7", "4-3=1"}));
  EXPECT_EQ(countdown_branches({{12, 12, 2}, 24}, kMax).size(), 5u);  // 144 is out of range, pairs with 2 repeat
  EXPECT_EQ(countdown_solutions(kItem, kMax), (std::vector<std::string>{"8 * 3 - 4", "4 * 3 + 8"}));
}

TEST(CountdownItem, MakesAProblemInBothLanguages) {
  const Problem en = countdown_problem(kItem, kMax, Language::english);
  const Problem zh = countdown_problem(kItem, kMax, Language::chinese);
  EXPECT_EQ(en.prompt, "reach 20 with 8 4 3");
  EXPECT_EQ(zh.prompt, "得到 20 用 8 4 3");
  EXPECT_EQ(en.answer, "8 * 3 - 4");
  EXPECT_EQ(en.level, 2);
  EXPECT_EQ(en.canonical, "countdown 20: 3 4 8");
  EXPECT_EQ(en.canonical, zh.canonical);
  EXPECT_EQ(countdown_canonical({8, 3, 4}, 20), en.canonical);
}

// Every problem there is: each listed solution verifies, and each line that verifies is listed.
TEST(CountdownItem, ListsExactlyTheRightLines) {
  const CountdownConfig config;
  const auto items = all_countdowns(config);
  EXPECT_EQ(items.size(), 341u);
  for (const Countdown& item : items) {
    const auto& [a, b, c] = item.numbers;
    ASSERT_TRUE(a >= b && b >= c);
    const auto solutions = countdown_solutions(item, kMax);
    for (const auto& line : solutions)
      ASSERT_TRUE(check_countdown(line, std::vector<int64_t>{a, b, c}, {item.target, 1}).ok()) << line;
    std::set<std::string> right;
    for (const auto& [x, y, z] : {std::array{a, b, c}, std::array{a, c, b}, std::array{b, c, a}})
      for (char first : {'*', '+', '-'})
        for (char second : {'+', '-'}) {
          const int value = first == '*' ? x * y : first == '+' ? x + y : x - y;
          if (value > kMax || value + (second == '+' ? z : -z) != item.target) continue;
          right.insert(cat(x, ' ', first, ' ', y, ' ', second, ' ', z));
        }
    ASSERT_EQ(std::set<std::string>(solutions.begin(), solutions.end()), right);
  }
}

TEST(CountdownWalk, GoesDepthFirstFromARandomStartUntilYes) {
  std::set<std::string> seen;
  for (uint64_t i = 0; i < 200; ++i) {
    Rng rng{i, 0, 0};
    CountdownThoughts thoughts = flawless();
    thoughts.min_branches = thoughts.max_branches = 9;
    const Solution s = solve_countdown(kItem, kMax, Style::plain, Voice::english, thoughts, rng);
    ASSERT_TRUE(s.thought.ends_with(" yes"));
    ASSERT_TRUE(s.answer == "8 * 3 - 4" || s.answer == "4 * 3 + 8");
    seen.insert(s.thought);
  }
  EXPECT_EQ(seen.size(), 9u);
  EXPECT_TRUE(seen.contains(" try 8 - 4 = 4 + 3 = 7 no - 3 = 1 no try 8 * 3 = 24 + 4 = 28 no - 4 = 20 yes"));
  EXPECT_TRUE(seen.contains(" try 4 * 3 = 12 + 8 = 20 yes"));
}

TEST(CountdownWalk, LeavesOutWhatIsOutOfRange) {
  Rng rng{1, 0, 0};
  CountdownThoughts thoughts = flawless();
  thoughts.min_branches = thoughts.max_branches = 9;
  const Countdown item{{12, 5, 4}, 11};  // 12 - 5 + 4; 12 * 5 = 60 has no sum, 12 - 5 - ... a difference
  for (int i = 0; i < 200; ++i) {
    const Solution s = solve_countdown(item, kMax, Style::plain, Voice::english, thoughts, rng);
    ASSERT_EQ(s.thought.find("= 60 + "), std::string::npos);
    ASSERT_EQ(s.thought.find("= -"), std::string::npos);
  }
}

TEST(CountdownWalk, CarefulRepeatsTheLineFound) {
  std::set<std::string> seen;
  for (uint64_t i = 0; i < 200; ++i) {
    Rng rng{i, 0, 0};
    seen.insert(solve_countdown(kItem, kMax, Style::careful, Voice::english, flawless(), rng).thought);
  }
  EXPECT_TRUE(seen.contains(" try 4 * 3 = 12 + 8 = 20 yes check 4 * 3 = 12 + 8 = 20 ok"));
}

TEST(CountdownWalk, TheCheckFindsAFalseYes) {
  CountdownThoughts thoughts = flawless();
  thoughts.careful_false_yes = 0.5;
  bool resumed = false;
  for (uint64_t i = 0; i < 500; ++i) {
    Rng rng{i, 0, 0};
    const Solution s = solve_countdown(kItem, kMax, Style::careful, Voice::english, thoughts, rng);
    ASSERT_TRUE(s.answer == "8 * 3 - 4" || s.answer == "4 * 3 + 8") << s.thought;
    resumed =
        resumed || s.thought.find("+ 4 = 28 yes check 8 * 3 = 24 + 4 = 28 wait no - 4 = 20 yes") != s.thought.npos;
  }
  EXPECT_TRUE(resumed);
}

TEST(CountdownWalk, NamesTheUnusedNumberIfAsked) {
  CountdownThoughts thoughts = flawless();
  thoughts.unused_first = true;
  Rng rng{1, 0, 0};
  EXPECT_TRUE(solve_countdown({{5, 4, 4}, 20}, kMax, Style::careful, Voice::english, thoughts, rng)
                  .thought.starts_with(" try "));
  const Countdown item{{2, 2, 2}, 6};
  EXPECT_TRUE(
      solve_countdown(item, kMax, Style::careful, Voice::english, thoughts, rng).thought.starts_with(" try 2 2 "));
}

TEST(CountdownWalk, PlainGivesUpWithAGuess) {
  CountdownThoughts thoughts = flawless();
  thoughts.min_branches = thoughts.max_branches = 1;
  thoughts.guess_right = 0;
  int wrong = 0;
  for (uint64_t i = 0; i < 300; ++i) {
    Rng rng{i, 0, 0};
    const Solution s = solve_countdown(kItem, kMax, Style::plain, Voice::english, thoughts, rng);
    ASSERT_EQ(std::count(s.thought.begin(), s.thought.end(), 't'), 1) << s.thought;  // one "try"
    ASSERT_EQ(s.thought.ends_with(" yes"), s.answer == "8 * 3 - 4" || s.answer == "4 * 3 + 8");
    const auto read = parse_expression(s.answer);
    ASSERT_TRUE(read.ok());
    wrong += read->value != Rational{20, 1};
  }
  EXPECT_NEAR(wrong, 300 * 7 / 9.0, 30);
}

TEST(CountdownWalk, WritesOnlyNumbersInRangeWhateverTheErrors) {
  CountdownThoughts thoughts;
  thoughts.equation_wrong = 0.9;
  const CountdownConfig config;
  Rng rng{4, 0, 0};
  for (int i = 0; i < 3000; ++i) {
    const Countdown item = draw_countdown(config, rng);
    const Solution s = solve_countdown(item, kMax, kStyles[size_t(i) % 3], Voice::mixed, thoughts, rng);
    ASSERT_TRUE(parse_expression(s.answer).ok());
    int number = -1;
    for (char c : s.thought + ' ') {
      number = c >= '0' && c <= '9' ? std::max(number, 0) * 10 + (c - '0') : -1;
      ASSERT_LE(number, kMax) << s.thought;
    }
  }
}

TEST(CountdownConfig, RefusesWhatCannotBeDrawn) {
  EXPECT_TRUE(CountdownConfig{}.validate().ok());
  const auto where = [](CountdownConfig c) { return c.validate().ok() ? "" : c.validate().error().where; };
  CountdownConfig c;
  c.targets.clear();
  EXPECT_EQ(where(c), "countdown.targets");
  c.targets = {61};
  EXPECT_EQ(where(c), "countdown.targets");
  c = {};
  c.max_number = 1;
  EXPECT_EQ(where(c), "countdown.max_number");
  c = {};
  c.max_value = 70;
  EXPECT_EQ(where(c), "countdown.max_value");
  c = {};
  c.min_number = c.max_number = 2;
  c.targets = {15};
  EXPECT_EQ(where(c), "countdown");
}

}  // namespace
}  // namespace r1
