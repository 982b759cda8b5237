#include "text/marker_finder.h"

#include <gtest/gtest.h>

#include "base/cat.h"

namespace r1 {
namespace {

std::string cut(const std::vector<MarkerFinder::Marker>& markers, std::string_view text) {
  std::string out;
  MarkerFinder(markers).cut(
      text, [&](std::string_view t) { out += cat("(", t, ")"); }, [&](int id) { out += cat("#", id); });
  return out;
}

TEST(MarkerFinder, LeftmostThenLongest) {
  EXPECT_EQ(cut({{"<a>", 1}, {"<a>b", 2}}, "x<a>bc<a>"), "(x)#2(c)#1");
  EXPECT_EQ(cut({{"ab", 1}, {"bcd", 2}}, "abcd"), "#1(cd)");
  EXPECT_EQ(cut({{"aa", 1}}, "aaaaa"), "#1#1(a)");
  EXPECT_EQ(cut({{"<think>", 1}, {"</think>", 2}}, "<think></think"), "#1(</think)");
}

TEST(MarkerFinder, Edges) {
  EXPECT_EQ(cut({}, "abc"), "(abc)");
  EXPECT_EQ(cut({{"a", 1}}, ""), "");
  EXPECT_EQ(cut({{"<｜User｜>", 7}}, "<｜User｜><|User|>"), "#7(<|User|>)");
}

}  // namespace
}  // namespace r1
