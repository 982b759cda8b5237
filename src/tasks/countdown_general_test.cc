#include "tasks/countdown_general.h"

#include <gtest/gtest.h>

#include "tasks/expression.h"
#include "tasks/grade.h"

namespace r1 {
namespace {

std::optional<std::string> solve(std::vector<int64_t> numbers, int64_t target) {
  const CountdownSearch found = search_countdown(numbers, target);
  if (found.solution) {
    EXPECT_TRUE(check_countdown(*found.solution, numbers, {target, 1}).ok()) << *found.solution;
  }
  EXPECT_TRUE(found.complete);
  return found.solution;
}

TEST(CountdownSearch, FindsWhatThereIs) {
  EXPECT_TRUE(solve({7}, 7));
  EXPECT_FALSE(solve({7}, 8));
  EXPECT_TRUE(solve({3, 4}, 12));
  EXPECT_TRUE(solve({8, 4}, 2));
  EXPECT_TRUE(solve({4, 8}, 2));
  EXPECT_FALSE(solve({3, 4}, 13));
  EXPECT_TRUE(solve({3, 3, 8, 8}, 24));  // needs thirds
  EXPECT_TRUE(solve({1, 5, 5, 5}, 24));  // needs fifths
  EXPECT_FALSE(solve({1, 1, 1, 1}, 24));
  EXPECT_TRUE(solve({75, 50, 2, 3, 8, 7}, 812));
}

TEST(CountdownSearch, StopsAtItsLimitAndSaysSo) {
  const std::vector<int64_t> ones(6, 1);
  const CountdownSearch search = search_countdown(ones, 999, 1000);
  EXPECT_FALSE(search.solution);
  EXPECT_FALSE(search.complete);
}

TEST(GeneralCountdown, DrawsSolvedProblems) {
  for (int count = 2; count <= 6; ++count) {
    const CountdownGeneralConfig config{.min_count = count, .max_count = count};
    ASSERT_TRUE(config.validate().ok()) << count;
    for (uint64_t i = 0; i < 200; ++i) {
      Rng rng{i, 0, 0};
      const Problem p = draw_general_countdown(config, rng);
      const auto read = parse_expression(p.answer);
      ASSERT_TRUE(read.ok()) << p.answer;
      ASSERT_EQ(read->numbers.size(), size_t(count));
      ASSERT_EQ(p.level, count);
      ASSERT_GE(read->value.num, config.min_target);
      ASSERT_LE(read->value.num, config.max_target);
      ASSERT_EQ(read->value.den, 1);
      ASSERT_TRUE(p.prompt.starts_with("Using the numbers ["));
      ASSERT_NE(p.prompt.find(cat("create an equation that equals ", read->value.num, ".")), std::string::npos);
      ASSERT_TRUE(grade(p, "<think>x</think><answer>" + p.answer + "</answer>").correct);
    }
  }
}

TEST(GeneralCountdown, RefusesHopelessRanges) {
  const auto where = [](CountdownGeneralConfig c) { return c.validate().ok() ? "" : c.validate().error().where; };
  EXPECT_EQ(where({.min_count = 1}), "countdown.min_count");
  EXPECT_EQ(where({.max_count = 7}), "countdown.max_count");
  EXPECT_EQ(where({.min_number = 0}), "countdown.min_number");
  EXPECT_EQ(where({.min_target = 50, .max_target = 40}), "countdown.max_target");
  EXPECT_EQ(where({.min_count = 2, .max_count = 2, .max_number = 5, .min_target = 90}), "countdown.min_target");
}

}  // namespace
}  // namespace r1
