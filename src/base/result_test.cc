#include "base/result.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

namespace r1 {
namespace {

TEST(Cat, JoinsEveryKindOfArgument) {
  const char* pointer = "pointer";
  const std::string string = "string";
  EXPECT_EQ(cat("literal ", pointer, ' ', string, ' ', std::string_view("view")), "literal pointer string view");
  EXPECT_EQ(cat(true, false), "truefalse");
  EXPECT_EQ(cat(), "");
}

TEST(Cat, LiteralsAreNotBools) { EXPECT_EQ(cat("a", ""), "a"); }

TEST(Cat, IntegersAtTheirEnds) {
  EXPECT_EQ(cat(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(cat(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(cat(uint8_t(65)), "65");
}

TEST(Cat, FloatsAreShortestAndExact) {
  EXPECT_EQ(cat(0.1), "0.1");
  EXPECT_EQ(cat(0.1f), "0.1");
  EXPECT_EQ(cat(1e-5), "1e-05");
  EXPECT_EQ(cat(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(cat(std::numeric_limits<double>::infinity()), "inf");
}

Result<int> half(int x) {
  if (x % 2 != 0) return Error::invalid("x", cat("is ", x, "; expected an even number"));
  return x / 2;
}

Result<int> quarter(int x) {
  TRY_ASSIGN(const int h, half(x));
  TRY_ASSIGN(const int q, half(h));
  return q;
}

Status check_quarter(int x) {
  TRY(quarter(x));
  return {};
}

TEST(Result, CarriesValueOrError) {
  ASSERT_TRUE(quarter(12).ok());
  EXPECT_EQ(*quarter(12), 3);
  ASSERT_FALSE(quarter(10).ok());
  EXPECT_EQ(quarter(10).error().text(), "x: is 5; expected an even number");
  EXPECT_TRUE(check_quarter(8).ok());
  EXPECT_EQ(check_quarter(7).error().kind, ErrorKind::invalid);
}

TEST(Result, HoldsMoveOnlyValues) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
  const auto pass = [&]() -> Result<std::unique_ptr<int>> {
    TRY_ASSIGN(auto value, make());
    return value;
  };
  auto result = pass();
  ASSERT_TRUE(result.ok());
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 5);
}

TEST(Error, NamesThePlaceFromOutsideIn) {
  const Error error = Error::corrupt("key", "is bad");
  EXPECT_EQ(error.within("file").text(), "file: key: is bad");
  EXPECT_EQ(Error::invalid("", "is bad").within("file").text(), "file: is bad");
  EXPECT_EQ(Error::interrupted().kind, ErrorKind::interrupted);
}

TEST(ResultDeath, ABugStopsTheProcess) {
  EXPECT_DEATH((void)quarter(10).value(), "internal check failed");
  EXPECT_DEATH((void)quarter(12).error(), "internal check failed");
}

}  // namespace
}  // namespace r1
