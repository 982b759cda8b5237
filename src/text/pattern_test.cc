#include "text/pattern.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

using Pieces = std::vector<std::string_view>;

Pieces split(std::string_view source, std::string_view text) {
  const auto pattern = Pattern::compile(source, "test");
  EXPECT_TRUE(pattern.ok()) << pattern.error().text();
  Pieces pieces;
  EXPECT_TRUE(pattern->split(text, pieces));
  return pieces;
}

TEST(Pattern, MatchesAndGapsAreBothPieces) {
  EXPECT_EQ(split("\\p{N}{1,3}", "ab12345c6"), (Pieces{"ab", "123", "45", "c", "6"}));
  EXPECT_EQ(split("x", "abc"), (Pieces{"abc"}));
  EXPECT_EQ(split("x", ""), (Pieces{}));
}

TEST(Pattern, EmptyMatchesCutNothing) {
  EXPECT_EQ(split("x*", "axxb你xx"), (Pieces{"a", "xx", "b你", "xx"}));
  EXPECT_EQ(split("(?=b)", "aab"), (Pieces{"aab"}));
}

TEST(Pattern, WhiteSpaceIsUnicodes) {
  // U+0085, U+00A0, U+2028 and U+3000 are white space; U+180E and U+200B are not.
  EXPECT_EQ(split("\\s+", "a\u0085\u00A0\u2028\u3000b"), (Pieces{"a", "\u0085\u00A0\u2028\u3000", "b"}));
  EXPECT_EQ(split("\\s+", "a\u180E\u200Bb"), (Pieces{"a\u180E\u200Bb"}));
  EXPECT_EQ(split("[^\\s]+", "a\u180E b"), (Pieces{"a\u180E", " ", "b"}));
  EXPECT_EQ(split("\\S", "\u180E "), (Pieces{"\u180E", " "}));
}

TEST(Pattern, ScriptNamesMeanTheScript) {
  EXPECT_EQ(split("\\p{Han}+", "ab漢字かな"), (Pieces{"ab", "漢字", "かな"}));
  // U+3001 is common punctuation that Han uses: an extension of the script only.
  EXPECT_EQ(split("[\\p{Han}]+", "漢、字"), (Pieces{"漢", "、", "字"}));
}

TEST(Pattern, CaseInsensitiveGroup) {
  EXPECT_EQ(split("(?i:'s|'t)", "it'S can'T"), (Pieces{"it", "'S", " can", "'T"}));
}

TEST(Pattern, WhatMeansOtherThingsElsewhereIsNamed) {
  struct Case {
    std::string_view source, named;
  };
  for (const auto& [source, named] :
       {Case{"\\w+", "\\w"}, Case{"\\bfoo", "\\b"}, Case{"a$", "$"}, Case{"^a", "^"}, Case{"[a[bc]]", "class"},
        Case{"[a&&b]", "&&"}, Case{"(a)\\1", "\\1"}, Case{"(?<n>a)", "(?<n"}, Case{"(?R)", "(?R"},
        Case{"(*LIMIT_MATCH=1)a", "(*L"}, Case{"(?m)a", "(?m"}, Case{"\\N+", "\\N"}, Case{"a{1,3}+", "}+"},
        Case{"[]a]", "empty class"}, Case{"\\h", "\\h"}, Case{"a\\", "\\"}, Case{"(?C1)a", "(?C"}, Case{"", "empty"}}) {
    const auto pattern = Pattern::compile(source, "tokenizer.json: here");
    ASSERT_FALSE(pattern.ok()) << source;
    EXPECT_NE(pattern.error().text().find(named), std::string::npos) << pattern.error().text();
    EXPECT_EQ(pattern.error().where, "tokenizer.json: here");
  }
}

TEST(Pattern, BrokenSourcesAreErrors) {
  for (const std::string_view source :
       {"(", "[a", "a{2,1}", "*a", "\\p{Nope}", "\\p{L", "\\x{110000}", "(?<=a+)b", "\xFF", "\\p"})
    EXPECT_FALSE(Pattern::compile(source, "test").ok()) << source;
  EXPECT_FALSE(Pattern::compile(std::string(100000, 'a'), "test").ok());
  EXPECT_FALSE(Pattern::compile(std::string(5000, '(') + std::string(5000, ')'), "test").ok());
}

TEST(Pattern, RunawayPatternStopsAndKeepsTheText) {
  const auto pattern = Pattern::compile("(?:a+)+[bc]", "test");
  ASSERT_TRUE(pattern.ok());
  const std::string text(5000, 'a');
  Pieces pieces;
  EXPECT_FALSE(pattern->split(text, pieces));
  EXPECT_EQ(pieces, (Pieces{text}));
}

TEST(Pattern, LongTextsNeedNoStack) {
  const std::string spaces(1 << 20, ' ');
  EXPECT_EQ(split("\\s+(?!\\S)|\\s+|\\p{L}+", spaces + "a").size(), 3u);
  const std::string letters(1 << 16, 'a');
  EXPECT_EQ(split("(?:[ab]|cd)+", letters).size(), 1u);
}

}  // namespace
}  // namespace r1
