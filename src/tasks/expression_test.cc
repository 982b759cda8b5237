#include "tasks/expression.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/rng.h"

namespace r1 {
namespace {

bool holds(std::string_view answer, std::vector<int64_t> numbers, int64_t target) {
  return check_countdown(answer, numbers, {target, 1}).ok();
}
std::string reason(std::string_view answer, std::vector<int64_t> numbers, int64_t target) {
  const Status status = check_countdown(answer, numbers, {target, 1});
  return status.ok() ? "" : status.error().message;
}

TEST(Expression, FollowsOrdinaryPrecedence) {
  EXPECT_EQ(parse_expression("2 + 3 * 4")->value, (Rational{14, 1}));
  EXPECT_EQ(parse_expression("(2 + 3) * 4")->value, (Rational{20, 1}));
  EXPECT_EQ(parse_expression("20 - 6 - 4")->value, (Rational{10, 1}));
  EXPECT_EQ(parse_expression("24 / 4 / 3")->value, (Rational{2, 1}));
  EXPECT_EQ(parse_expression("7 / 2")->value, (Rational{7, 2}));
  EXPECT_EQ(parse_expression("1/3+1/6")->value, (Rational{1, 2}));
  EXPECT_EQ(parse_expression("\t( ( 5 ) )\n")->value, (Rational{5, 1}));
  EXPECT_EQ(parse_expression("1 - 2")->value, (Rational{-1, 1}));
}

TEST(CountdownCheck, AcceptsWhatIsRight) {
  EXPECT_TRUE(holds("8 * 3 - 4", {8, 4, 3}, 20));
  EXPECT_TRUE(holds("8*3-4=20", {3, 4, 8}, 20));
  EXPECT_TRUE(holds("8 * 3 - 4 = 20", {3, 4, 8}, 20));
  EXPECT_TRUE(holds("8 / (3 - 8 / 3)", {3, 3, 8, 8}, 24));  // exact fractions on the way
  EXPECT_TRUE(holds("7", {7}, 7));
}

TEST(CountdownCheck, RefusesTheKnownHoles) {
  EXPECT_FALSE(holds("8 * 3 - 4", {8, 4, 3}, 21));
  EXPECT_FALSE(holds("1 2 + 3", {12, 3}, 15));   // digits taken apart
  EXPECT_FALSE(holds("1 + 2 + 3", {12, 3}, 6));  // a number split in two
  EXPECT_FALSE(holds("12 + 3", {1, 2, 3}, 15));  // two numbers glued together
  EXPECT_FALSE(holds("2 ** 3", {2, 3}, 8));
  EXPECT_FALSE(holds("7 // 2", {7, 2}, 3));
  EXPECT_FALSE(holds("2 ^ 3", {2, 3}, 8));
  EXPECT_FALSE(holds("7 % 4", {7, 4}, 3));
  EXPECT_FALSE(holds("3.0 + 4", {3, 4}, 7));
  EXPECT_FALSE(holds("3. + 4", {3, 4}, 7));
  EXPECT_FALSE(holds("1e1 + 0", {1, 1, 0}, 10));
  EXPECT_FALSE(holds("3 + 3 + 4", {3, 4}, 10));     // repeated
  EXPECT_FALSE(holds("3 + 3", {3, 3, 4}, 6));       // missing
  EXPECT_FALSE(holds("7 * 3 - 1", {8, 4, 3}, 20));  // others in their place
  EXPECT_FALSE(holds("8 * 3 - 4 + 0", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("-4 + 8 * 3", {8, 4, 3}, 20));  // unary
  EXPECT_FALSE(holds("8 * 3 + -4", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 - - 4", {8, 4, 3}, 28));
  EXPECT_FALSE(holds("+8 * 3 - 4", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("~8", {8}, -9));
  EXPECT_FALSE(holds("(8)(3)", {8, 3}, 24));  // no implied product
  EXPECT_FALSE(holds("8(3)", {8, 3}, 24));
  EXPECT_FALSE(holds("08 * 3 - 4", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 - 4 because", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 - 4 # 3", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 - 4\n8 * 3 - 4", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("８ * 3 - 4", {8, 4, 3}, 20));  // full-width digit
  EXPECT_FALSE(holds("٨ * 3 - 4", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 × 3 - 4", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 − 4", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 - 4 = 21", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 = 20 - 4", {8, 4, 3}, 24));
  EXPECT_FALSE(holds("20 = 8 * 3 - 4", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 - 4 = 20 = 20", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 - 4 =", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 - 4 = 20.0", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8 * 3 - 4 == 20", {8, 4, 3}, 20));
  EXPECT_FALSE(holds("8, 3, 4", {8, 4, 3}, 8));
  EXPECT_FALSE(holds("True + 7", {7, 1}, 8));
  EXPECT_FALSE(holds("__import__('os')", {1}, 1));
  EXPECT_FALSE(holds(std::string_view("8 * 3 - 4\0", 10), {8, 4, 3}, 20));
  EXPECT_FALSE(holds("", {8}, 8));
  EXPECT_FALSE(holds("()", {8}, 8));
  EXPECT_FALSE(holds("(8", {8}, 8));
  EXPECT_FALSE(holds("8)", {8}, 8));
}

TEST(CountdownCheck, SaysWhy) {
  EXPECT_EQ(reason("8 * 3", {8, 4, 3}, 20), "uses 3 8; given 3 4 8");
  EXPECT_EQ(reason("8 * 3 + 4", {8, 4, 3}, 20), "is 28; wanted 20");
  EXPECT_EQ(reason("8 / (4 - 4)", {8, 4, 4}, 20), "divides by zero");
  EXPECT_EQ(reason("8 * 3 - 4 = 21", {8, 4, 3}, 20), "is 20, not 21 as it says");
}

TEST(Expression, EndsOnHostileInput) {
  EXPECT_FALSE(parse_expression("9**9**9").ok());
  EXPECT_FALSE(parse_expression(std::string(1 << 20, '(')).ok());
  EXPECT_FALSE(parse_expression(std::string(1 << 20, '9')).ok());
  EXPECT_FALSE(parse_expression(std::string(1 << 20, ' ')).ok());
  EXPECT_FALSE(parse_expression(std::string(200, '(') + "1" + std::string(200, ')')).ok());
  EXPECT_TRUE(parse_expression(std::string(24, '(') + "1" + std::string(24, ')')).ok());
  std::string power = "99";
  for (int i = 0; i < 20; ++i) power += "*99";
  EXPECT_EQ(parse_expression(power).error().message, "has a value beyond 64-bit fractions");
  EXPECT_FALSE(parse_expression("1234567890123456789").ok());
  for (int c = 0; c < 256; ++c) (void)parse_expression(std::string(3, char(c)));
}

// Random trees, printed with and without needless parentheses, against the value computed beside them.
TEST(Expression, AgreesWithTheTreeItWasPrintedFrom) {
  Rng rng{7, 0, 0};
  struct Node {
    std::string text;
    std::optional<Rational> value;
  };
  const std::function<Node(int)> grow = [&](int depth) -> Node {
    if (depth == 0 || rng.chance(0.2)) {
      const int64_t n = rng.integer(0, 20);
      return {cat(n), Rational{n, 1}};
    }
    const Node a = grow(depth - 1), b = grow(depth - 1);
    const char op = "+-*/"[rng.integer(0, 3)];
    const auto value = a.value && b.value ? apply(op, *a.value, *b.value) : std::nullopt;
    return {cat('(', a.text, op, b.text, ')'), value};
  };
  int valid = 0;
  for (int i = 0; i < 5000; ++i) {
    const Node node = grow(4);
    const auto read = parse_expression(node.text);
    if (node.text.size() > 512) continue;
    ASSERT_EQ(read.ok(), node.value.has_value()) << node.text;
    if (!read.ok()) continue;
    ++valid;
    EXPECT_EQ(read->value, *node.value) << node.text;
  }
  EXPECT_GT(valid, 3000);
}

}  // namespace
}  // namespace r1
