#include "format/jsonl.h"

#include <gtest/gtest.h>

#include <vector>

namespace r1 {
namespace {

std::vector<std::string> lines_of(std::string_view text, size_t max_line = 100) {
  JsonLines lines(text, "data.jsonl", max_line);
  std::vector<std::string> out;
  for (;;) {
    const auto line = lines.next();
    if (!line.ok()) {
      out.push_back(line.error().text());
    } else if (line->has_value()) {
      out.push_back(cat((*line)->number, ":", (*line)->text));
    } else {
      return out;
    }
  }
}

using Lines = std::vector<std::string>;

TEST(JsonLines, NumbersLinesAndSkipsBlankOnes) {
  EXPECT_EQ(lines_of("a\nb\n"), (Lines{"1:a", "2:b"}));
  EXPECT_EQ(lines_of("a\r\n\r\n \t\n\nb"), (Lines{"1:a", "5:b"}));
  EXPECT_EQ(lines_of("\xEF\xBB\xBF{}"), (Lines{"1:{}"}));
  EXPECT_EQ(lines_of(" a "), (Lines{"1: a "}));
  EXPECT_EQ(lines_of("\xEF\xBB\xBC"), (Lines{"1:\xEF\xBB\xBC"}));  // not a mark
}

TEST(JsonLines, NothingIsNothing) {
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("\n\n\r\n"), Lines{});
  EXPECT_EQ(lines_of("\xEF\xBB\xBF"), Lines{});
}

TEST(JsonLines, ALongLineIsAnErrorAndTheNextOneStillComes) {
  EXPECT_EQ(lines_of("1234\n12345\nok", 4),
            (Lines{"1:1234", "data.jsonl: line 2: has 5 bytes; expected at most 4", "3:ok"}));
}

TEST(JsonLines, NulBytesAreContent) { EXPECT_EQ(lines_of(std::string_view("a\0b\n", 4))[0].size(), 5u); }

}  // namespace
}  // namespace r1
