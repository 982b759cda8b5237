#include "text/think.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

struct Case {
  std::string_view text;
  bool opened;
  SplitText want;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"<think>a</think>b", false, {"a", "b", true}},
      {"<think>a</think>b", true, {"a", "b", true}},
      {"a</think>b", true, {"a", "b", true}},
      {"a</think>b", false, {"", "a</think>b", false}},
      {"plain", false, {"", "plain", false}},
      {"plain", true, {"plain", "", false}},
      {"<think>open", false, {"open", "", false}},
      {"<think>half</thi", false, {"half</thi", "", false}},
      {" \n<think>\na\n</think>\n\n\nb", false, {"\na\n", "\nb", true}},
      {"  b", false, {"", "  b", false}},
      {"  b", true, {"  b", "", false}},
      {"<thin", false, {"", "<thin", false}},
      {"<think", true, {"<think", "", false}},
      {"<thinker>", false, {"", "<thinker>", false}},
      {"<think>a</think>b</think>c<think>d", false, {"a", "b</think>c<think>d", true}},
      {"<think><think>a</think>b", false, {"<think>a", "b", true}},
      {"<think>a<</think></think>b", false, {"a<", "</think>b", true}},
      {"<think></think>", false, {"", "", true}},
      {"</think>b", true, {"", "b", true}},
      {"x <think>a</think>", false, {"", "x <think>a</think>", false}},
      {"", false, {"", "", false}},
      {"<think>那么😀</think>好", false, {"那么😀", "好", true}},
      {"<think>a</think>\n", false, {"a", "", true}},
  };
  return all;
}

TEST(Think, SplitsWholeTexts) {
  for (const Case& c : cases()) EXPECT_EQ(split_thinking(c.text, c.opened), c.want) << c.text;
}

TEST(Think, AnyCutGivesTheSameSplit) {
  for (const Case& c : cases()) {
    for (size_t size = 1; size <= 9; ++size) {
      ThinkSplitter splitter(c.opened);
      SplitText got;
      const auto take = [&](const std::vector<ThinkSplitter::Piece>& pieces) {
        for (const auto& [thinking, text] : pieces) {
          EXPECT_FALSE(text.empty());
          (thinking ? got.thinking : got.answer) += text;
        }
      };
      for (size_t at = 0; at < c.text.size(); at += size) take(splitter.feed(c.text.substr(at, size)));
      take(splitter.finish());
      got.closed = splitter.closed();
      EXPECT_EQ(got, c.want) << c.text << " by " << size;
    }
  }
}

TEST(Think, OnlyWhatMayBeAMarkerWaits) {
  using Pieces = std::vector<ThinkSplitter::Piece>;
  ThinkSplitter s;
  EXPECT_EQ(s.feed("<th"), Pieces{});
  EXPECT_EQ(s.feed("ink>1 < 2"), (Pieces{{true, "1 < 2"}}));
  EXPECT_TRUE(s.thinking());
  EXPECT_EQ(s.feed(" <"), (Pieces{{true, " "}}));
  EXPECT_EQ(s.feed("/th"), Pieces{});
  EXPECT_EQ(s.feed("e>"), (Pieces{{true, "</the>"}}));
  EXPECT_EQ(s.feed("x</think>\ny"), (Pieces{{true, "x"}, {false, "y"}}));
  EXPECT_TRUE(s.closed());
  EXPECT_EQ(s.feed("</thi"), (Pieces{{false, "</thi"}}));
  EXPECT_EQ(s.finish(), Pieces{});
}

TEST(ExtractTag, LastCompletePair) {
  EXPECT_EQ(extract_tag("<answer>1</answer><answer> 2 </answer>", "answer"), " 2 ");
  EXPECT_EQ(extract_tag("<answer>1<answer>2</answer>", "answer"), "2");
  EXPECT_EQ(extract_tag("<answer>1</answer><answer>2", "answer"), "1");
  EXPECT_EQ(extract_tag("<answer></answer>", "answer"), "");
  EXPECT_FALSE(extract_tag("<answer>1", "answer").has_value());
  EXPECT_FALSE(extract_tag("1</answer>", "answer").has_value());
  EXPECT_FALSE(extract_tag("</answer><answer>", "answer").has_value());
  EXPECT_FALSE(extract_tag("", "answer").has_value());
}

}  // namespace
}  // namespace r1
