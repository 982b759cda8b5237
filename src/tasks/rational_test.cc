#include "tasks/rational.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

using R = Rational;

TEST(Rational, StaysInLowestTermsWithAPositiveDenominator) {
  EXPECT_EQ(divide({6, 1}, {-4, 1}), (R{-3, 2}));
  EXPECT_EQ(add({1, 6}, {1, 3}), (R{1, 2}));
  EXPECT_EQ(subtract({1, 2}, {1, 2}), (R{0, 1}));
  EXPECT_EQ(multiply({2, 3}, {3, 2}), (R{1, 1}));
}

TEST(Rational, RefusesWhatDoesNotFit) {
  EXPECT_EQ(multiply({INT64_MAX, 1}, {2, 1}), std::nullopt);
  EXPECT_EQ(add({INT64_MAX, 1}, {1, 1}), std::nullopt);
  EXPECT_EQ(add({1, INT64_MAX}, {1, INT64_MAX - 1}), std::nullopt);
  EXPECT_EQ(add({-INT64_MAX, 1}, {INT64_MAX, 1}), (R{0, 1}));
  EXPECT_EQ(multiply({INT64_MAX, 1}, {2, INT64_MAX}), (R{2, 1}));
  EXPECT_EQ(divide({1, 1}, {0, 1}), std::nullopt);
  EXPECT_EQ(apply('%', {1, 1}, {1, 1}), std::nullopt);
}

TEST(ParseNumber, ReadsTheUsualForms) {
  EXPECT_EQ(parse_number("42"), (R{42, 1}));
  EXPECT_EQ(parse_number(" -7\n"), (R{-7, 1}));
  EXPECT_EQ(parse_number("+7"), (R{7, 1}));
  EXPECT_EQ(parse_number("007"), (R{7, 1}));
  EXPECT_EQ(parse_number("1,000"), (R{1000, 1}));
  EXPECT_EQ(parse_number("-12,345,678.50"), (R{-24691357, 2}));
  EXPECT_EQ(parse_number("0.5"), parse_number("1/2"));
  EXPECT_EQ(parse_number(".25"), (R{1, 4}));
  EXPECT_EQ(parse_number("-3 / 4"), (R{-3, 4}));
  EXPECT_EQ(parse_number("3.000"), (R{3, 1}));
  EXPECT_EQ(parse_number("9223372036854775807"), (R{INT64_MAX, 1}));
}

TEST(ParseNumber, RefusesTheRest) {
  for (const char* text : {"",         " ",
                           "-",        "1,00",
                           ",100",     "1,0000",
                           "1000,000", "1,",
                           "1.",       "1.2.3",
                           "1e3",      "0x10",
                           "1/0",      "1/-2",
                           "1/2/3",    "/2",
                           "1/",       "50%",
                           "1 000",    "1_000",
                           "nan",      "inf",
                           "--1",      "+-1",
                           "- 1",      "٣",
                           "９",       "½",
                           "1.5/2",    "9223372036854775808",
                           "1.0,00",   "0.1234567890123456789",
                           "3 apples"})
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  EXPECT_EQ(parse_number(std::string(1 << 20, '9')), std::nullopt);
}

TEST(Rational, PrintsShort) {
  EXPECT_EQ(to_string(R{5, 1}), "5");
  EXPECT_EQ(to_string(R{-1, 2}), "-1/2");
}

}  // namespace
}  // namespace r1
