#include "text/pre_tokenizer.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

using Pieces = std::vector<std::string_view>;

PreTokenizer make(const std::vector<std::string>& patterns) {
  auto made = PreTokenizer::create(patterns, "test");
  EXPECT_TRUE(made.ok()) << made.error().text();
  return std::move(made).value();
}

Pieces gpt2(std::string_view text) { return make({std::string(kGpt2Pattern)}).split(text); }

TEST(PreTokenizer, Gpt2Pattern) {
  EXPECT_EQ(gpt2("don't"), (Pieces{"don", "'t"}));
  EXPECT_EQ(gpt2("DON'T we'll"), (Pieces{"DON", "'", "T", " we", "'ll"}));
  EXPECT_EQ(gpt2("  two spaces"), (Pieces{" ", " two", " spaces"}));
  EXPECT_EQ(gpt2("a  b\n\n c"), (Pieces{"a", " ", " b", "\n\n", " c"}));
  EXPECT_EQ(gpt2("end  "), (Pieces{"end", "  "}));
  EXPECT_EQ(gpt2("compute 12 + 3 = 15"), (Pieces{"compute", " 12", " +", " 3", " =", " 15"}));
  EXPECT_EQ(gpt2("a1b"), (Pieces{"a", "1", "b"}));
  EXPECT_EQ(gpt2("(8*3)-4"), (Pieces{"(", "8", "*", "3", ")-", "4"}));
  EXPECT_EQ(gpt2("\t\tx"), (Pieces{"\t", "\t", "x"}));
  EXPECT_EQ(gpt2(""), (Pieces{}));
}

TEST(PreTokenizer, Gpt2PatternOnOtherScripts) {
  EXPECT_EQ(gpt2("你好world"), (Pieces{"你好world"}));
  EXPECT_EQ(gpt2("那么 等等 x²½"), (Pieces{"那么", " 等等", " x", "²½"}));
  EXPECT_EQ(gpt2("Привет,мир"), (Pieces{"Привет", ",", "мир"}));
  EXPECT_EQ(gpt2("ok😀 😀"), (Pieces{"ok", "😀", " 😀"}));
  EXPECT_EQ(gpt2("e\u0301a"), (Pieces{"e", "\u0301", "a"}));  // a combining mark is no letter
  EXPECT_EQ(gpt2("a\u3000b"), (Pieces{"a", "\u3000", "b"}));  // only an ASCII space joins a word
}

TEST(PreTokenizer, PatternsApplyInOrder) {
  const PreTokenizer p = make({"\\p{N}{1,3}", "[\u4E00-\u9FA5]+", " ?\\p{L}+"});
  EXPECT_EQ(p.split("在1234年abc d"), (Pieces{"在", "123", "4", "年", "abc", " d"}));
  EXPECT_EQ(make({}).split("a b"), (Pieces{"a b"}));
}

TEST(PreTokenizer, BytesThatAreNotUtf8ArePiecesOfTheirOwn) {
  EXPECT_EQ(gpt2("ab\xFF\xFE cd\xE4\xBD"), (Pieces{"ab", "\xFF\xFE", " cd", "\xE4\xBD"}));
  EXPECT_EQ(gpt2("\x80"), (Pieces{"\x80"}));
}

TEST(PreTokenizer, PiecesAreTheText) {
  const std::string text = "x\xF0\x9F\x98 \n\n  1,234.5 'll\u2028 \xED\xA0\x80 y";
  std::string joined;
  for (const std::string_view piece : gpt2(text)) joined += piece;
  EXPECT_EQ(joined, text);
}

TEST(PreTokenizer, TooManyPatternsAreRefused) {
  EXPECT_FALSE(PreTokenizer::create(std::vector<std::string>(1000, "a"), "test").ok());
  const auto bad = PreTokenizer::create({"a", "("}, "test");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().where, "test: pattern 1");
}

}  // namespace
}  // namespace r1
