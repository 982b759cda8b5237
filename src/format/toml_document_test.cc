#include "format/toml_document.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/rng.h"

namespace r1 {
namespace {

std::string error_of(std::string_view text) {
  const auto result = parse_toml(text, "t.toml");
  return result.ok() ? "no error" : result.error().text();
}

std::string repeat(std::string_view piece, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += piece;
  return out;
}

template <class T>
T value_of(std::string_view text) {
  const auto doc = parse_toml(cat("v = ", text), "t");
  if (!doc.ok() || !std::holds_alternative<T>(doc->values.at("v").data)) {
    ADD_FAILURE() << text << (doc.ok() ? " has another type" : doc.error().text());
    return T();
  }
  return std::get<T>(doc->values.at("v").data);
}

TEST(ParseToml, FlattensTablesAndArrays) {
  const auto doc = parse_toml(
      "a.b = 1\n[c]\n'd e' = 'x'\n[c.f]\n[[g]]\nh = true\n[[g]]\n[g.i]\nj = 0.5\n[k]\nl = {m = 1, n = {}}\n"
      "o = [{p = 1}, {}]\nq = [\n]\n",
      "t.toml");
  ASSERT_TRUE(doc.ok());
  std::string keys;
  for (const auto& [path, value] : doc->values) keys += cat(path, "=", describe_toml(value), " ");
  EXPECT_EQ(
      keys,
      "a.b=1 c.\"d e\"=\"x\" c.f=a table g.0.h=true g.1.i.j=0.5 k.l.m=1 k.l.n=a table k.o.0.p=1 k.q=an array of 0 ");
  EXPECT_EQ(doc->table_arrays, (std::map<std::string, size_t>{{"g", 2}, {"k.o", 2}}));
}

TEST(ParseToml, Numbers) {
  EXPECT_EQ(value_of<int64_t>("+1_000"), 1000);
  EXPECT_EQ(value_of<int64_t>("-0"), 0);
  EXPECT_EQ(value_of<int64_t>("0xDEAD_beef"), 0xDEADBEEF);
  EXPECT_EQ(value_of<int64_t>("0o17"), 15);
  EXPECT_EQ(value_of<int64_t>("0b101"), 5);
  EXPECT_EQ(value_of<int64_t>("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(value_of<int64_t>("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(value_of<double>("6.626e-34"), 6.626e-34);
  EXPECT_EQ(value_of<double>("-1_0.2_5"), -10.25);
  EXPECT_EQ(value_of<double>("5e+22"), 5e22);
  EXPECT_EQ(value_of<double>("-inf"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(value_of<double>("nan")));
  EXPECT_FALSE(value_of<bool>("false"));
  for (const char* bad : {"01", "1__0", "_1",       "1_",   "1.",   ".5",    "1.e5", "1e",
                          "0x", "0x-1", "+0x1",     "0xG",  "0b2",  "1e999", "--1",  "9223372036854775808",
                          "+",  "True", "infinity", "1_.5", "1._5", "00.5",  "1 000"})
    EXPECT_NE(error_of(cat("v = ", bad)), "no error") << bad;
}

TEST(ParseToml, Strings) {
  EXPECT_EQ(value_of<std::string>(R"("a\tb\"\\\u00e9\U0001F600")"), "a\tb\"\\\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(value_of<std::string>(R"('C:\n')"), "C:\\n");
  EXPECT_EQ(value_of<std::string>("\"\"\"\na\r\nb\\\n   \n  c\"\"\"\"\""), "a\nbc\"\"");
  EXPECT_EQ(value_of<std::string>("'''\r\n''a\\'''"), "''a\\");
  EXPECT_EQ(value_of<std::string>("\"\""), "");
  EXPECT_EQ(value_of<std::string>("'' # no more"), "");
  EXPECT_EQ(value_of<std::vector<TomlValue>>("[ # c\n 1,\n 'x', [ ],\n]").size(), 3u);
}

TEST(ParseToml, SyntaxErrorsHaveAPlace) {
  EXPECT_EQ(error_of("a = 1\nb = = 2"), "t.toml: line 2, column 5: expected a value, found \"=\"");
  EXPECT_EQ(error_of("a 1"), "t.toml: line 1, column 3: expected '=' after the key, found \"1\"");
  EXPECT_EQ(error_of("a = 1 b = 2"), "t.toml: line 1, column 7: expected the end of the line, found \"b\"");
  EXPECT_EQ(error_of("a = yes"),
            "t.toml: line 1, column 5: expected a value, found \"yes\" (a string needs quotes; dates are not known)");
  EXPECT_EQ(error_of("\n[x"), "t.toml: line 2, column 3: expected ']' after the table's name, found the end");
  EXPECT_EQ(error_of("\xC3\xA9 = 1"), "t.toml: line 1, column 1: expected a key, found \"\xC3\xA9\"");
  EXPECT_EQ(error_of("a = \"x\n\""), "t.toml: line 1, column 7: is a string that does not end on its line");
  EXPECT_EQ(error_of("a = '''x"), "t.toml: line 1, column 9: is a string that never ends");
  EXPECT_EQ(error_of("a = \"\xFF\""), "t.toml: is not UTF-8 text");
  EXPECT_EQ(error_of("a = 1 # \x01"), "t.toml: line 1, column 9: is a control character");
}

TEST(ParseToml, RefusesWhatTheGrammarRefuses) {
  for (const char* bad : {"a",
                          "a =",
                          "= 1",
                          "a = \"\\ud800\"",
                          "a = \"\\x41\"",
                          "a = \"\\u12\"",
                          "a = \"\\",
                          "a = [1",
                          "a = [1 2]",
                          "a = [,]",
                          "a = [,1]",
                          "a = [1,,2]",
                          "a = {b = 1",
                          "a = {b = 1,}",
                          "a = {b = 1\n}",
                          "a = {,}",
                          "[a",
                          "[[a]",
                          "[[a] ]",
                          "[]",
                          "[?",
                          "[a.]",
                          "a. = 1",
                          ".a = 1",
                          "[ [a]]",
                          "a\n= 1",
                          "a = 1\rb = 2",
                          "\"\"\"a\"\"\" = 1",
                          "a = 1979-05-27",
                          "a = 07:32:00",
                          "a = [1, {b = 2}]",
                          "a = [{b = 1}, 2]",
                          "a = [{b = 1} {b = 2}]",
                          "a = [[{}]]",
                          "a = 'x' 'y'",
                          "[a] b = 1"})
    EXPECT_NE(error_of(bad).find("t.toml: line "), std::string::npos) << bad << ": " << error_of(bad);
  for (const char* good :
       {"", "\n\n", "# only", "a = 1",
        "\xEF\xBB\xBF"
        "a = 1\r\n",
        "a=1#c", "\t[ a . 'b' ]\t# c\n", "\"\" = 1", "a = [1,]", "1 = 2", "a = {}", "3.14 = 'x'", "a = 1\n\r\n"})
    EXPECT_EQ(error_of(good), "no error") << good;
}

TEST(ParseToml, NothingIsDefinedTwice) {
  EXPECT_EQ(error_of("a = 1\na = 2"), "t.toml: line 2, column 3: a is defined twice");
  for (const char* bad : {"[a]\n[a]", "a.b = 1\na = 2", "a = 1\na.b = 2", "[a]\nb = 1\n[a.b]", "a = {b = 1}\n[a.c]",
                          "a = {b = 1}\na.c = 2", "a = {b.c = 1, b = 2}", "a = [{b = 1}]\n[[a]]", "a = []\n[[a]]",
                          "[[a]]\n[a]", "[a]\n[[a]]", "[a.b]\n[a]\nb.c = 1", "a.b = 1\n[a]", "\"a\" = 1\na = 2",
                          "[[a]]\nb = 1\nb = 2", "a = {}\n[a]", "a = [{}]\n[a.b]"})
    EXPECT_NE(error_of(bad).find("is defined twice"), std::string::npos) << bad << ": " << error_of(bad);
  for (const char* good : {"[a.b]\n[a]\nc = 1", "[[a]]\n[a.b]\n[[a]]\n[a.b]", "[a]\nb.c = 1\nb.d = 2\n[a.b.e]",
                           "[[a]]\nb = 1\n[[a]]\nb = 2"})
    EXPECT_EQ(error_of(good), "no error") << good;
}

TEST(ParseToml, SizeAndDepthAreLimited) {
  EXPECT_EQ(error_of(std::string((size_t(1) << 20) + 1, ' ')), "t.toml: has 1048577 bytes; expected at most 1048576");
  EXPECT_EQ(error_of("\n" + repeat("a.", 200000) + "a = 1"),
            "t.toml: line 2, column 18: is nested deeper than 8 levels");
  EXPECT_EQ(error_of("[" + repeat("a . ", 200000) + "a]").substr(0, 17), "t.toml: line 1, c");
  EXPECT_EQ(error_of("a.b.c.d.e.f.g.h = 1"), "no error");
  EXPECT_EQ(error_of("a.b.c.d.e.f.g.h.i = 1"), "t.toml: line 1, column 19: is nested deeper than 8 levels");
  EXPECT_EQ(error_of("a.b.c.d = {e.f.g.h = {i = 1}}"), "t.toml: line 1, column 25: is nested deeper than 8 levels");
  EXPECT_NE(error_of("a = " + repeat("[", 500000)), "no error");
  EXPECT_NE(error_of("a = " + repeat("{a=", 300000)), "no error");
  EXPECT_NE(error_of("a = " + repeat("[{a=", 200000)), "no error");
  EXPECT_NE(error_of("a = " + repeat("[", 12) + repeat("]", 12)), "no error");
  EXPECT_EQ(error_of(std::string(65, 'k') + " = 1"),
            "t.toml: line 1, column 66: a key has 65 bytes; expected at most 64");
  EXPECT_EQ(error_of(repeat("[[a]]\n", 1001)), "t.toml: line 1001, column 4: is an array of more than 1000 tables");
  EXPECT_EQ(error_of("a = [" + repeat("{},", 1001) + "]").substr(0, 17), "t.toml: line 1, c");
}

TEST(ParseToml, DotsInStringsNumbersAndCommentsAreNotKeys) {
  const std::string dots = repeat(".", 100);
  EXPECT_EQ(error_of("a = \"" + dots + "\" # " + dots + "\nb = '" + dots + "'\nc = \"\"\"\n" + dots +
                     "\\\"\n\"\"\"\nd = '''" + dots + "'''\ne = [" + repeat("1.5, ", 100) + "]\n"),
            "no error");
}

TEST(ParseToml, DamagedTextNeverHarms) {
  const std::string good =
      "a.b = 1 # c\n[t.'u v']\nx = [1, 2.5, \"s\\u00e9\"]\ny = {p = 'q', r = '''z'''}\n[[g]]\nd = -1.5e3\n"
      "m = \"\"\"multi\nline\\\n  folded\"\"\"\n[[g]]\nn = 0x1F\no = [{p = 1}, {q = [true]}]\n";
  ASSERT_EQ(error_of(good), "no error");
  Rng rng{77, 0};
  size_t refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text = good;
    for (int64_t i = rng.integer(1, 5); i > 0; --i) {
      const size_t at = size_t(rng.integer(0, int64_t(text.size()) - 1));
      if (rng.chance(0.5))
        text[at] = char(rng.bits());
      else
        text[at] = text[size_t(rng.integer(0, int64_t(text.size()) - 1))];
    }
    refused += parse_toml(text, "fuzz").ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 2000u);
  for (size_t cut = 0; cut < good.size(); ++cut) (void)parse_toml(good.substr(0, cut), "cut");
}

TEST(TomlQuote, EscapesControls) {
  EXPECT_EQ(toml_quote(std::string_view("a\"\\\n\x7F\0", 6)), "\"a\\\"\\\\\\n\\u007f\\u0000\"");
}

}  // namespace
}  // namespace r1
