#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "base/rng.h"
#include "format/json_parse.h"
#include "format/json_write.h"

namespace r1 {
namespace {

using nlohmann::json;

json parsed(std::string_view text) {
  auto result = parse_json(text, "test");
  EXPECT_TRUE(result.ok()) << text;
  return result.ok() ? *result : json();
}

std::string error_of(std::string_view text, const JsonLimits& limits = {}) {
  const auto result = parse_json(text, "f.json", limits);
  return result.ok() ? "no error" : result.error().text();
}

TEST(ParseJson, BuildsTheTree) {
  EXPECT_EQ(parsed(R"( {"b": [1, -2, 3.5, "x", true, null, {}], "a": {"c": []}} )"),
            json({{"a", {{"c", json::array()}}}, {"b", {1, -2, 3.5, "x", true, nullptr, json::object()}}}));
  EXPECT_EQ(parsed("7"), json(7));
  EXPECT_EQ(parsed("\xEF\xBB\xBF[1]"), json::array({1}));
  EXPECT_EQ(parsed(R"("\u00e9\ud83d\ude00")"), json("\xC3\xA9\xF0\x9F\x98\x80"));
  EXPECT_EQ(parsed("[[],[[]],{\"a\":[{}]}]").dump(), "[[],[[]],{\"a\":[{}]}]");
}

TEST(ParseJson, ErrorsTellLineAndColumn) {
  EXPECT_EQ(error_of("{\n  \"a\": 1,\n  \"b\" 2\n}").substr(0, 51),
            "f.json: line 3, column 7: is not valid JSON: syntax");
  EXPECT_EQ(error_of("").substr(0, 6), "f.json");
  EXPECT_EQ(error_of("[1,\n2").substr(0, 14), "f.json: line 2");
  for (const char* bad : {"{", "[1,]", "{\"a\":}", "{a:1}", "[1 2]", "nul", "01", "1.", "NaN", "'a'", "\"a", "\"\t\"",
                          "[]]", "\"\\x\"", "\"\\ud800\"", "1e999", "\"\xFF\"", "\"\xED\xA0\x80\""})
    EXPECT_NE(error_of(bad), "no error") << bad;
}

TEST(ParseJson, ErrorsArePlainAndShort) {
  const std::string error = error_of("\"\x1B[31m" + std::string(100000, 'a') + "\xFF\"");
  EXPECT_LT(error.size(), 400u);
  for (const char c : error) EXPECT_TRUE(c >= 0x20 && c < 0x7F);
}

TEST(ParseJson, DepthIsLimited) {
  const JsonLimits limits{.max_depth = 3};
  EXPECT_EQ(error_of("[[[1]]]", limits), "no error");
  EXPECT_EQ(error_of("[{\"a\":[[1]]}]", limits), "f.json: is nested deeper than 3 levels");
  EXPECT_EQ(error_of("[[[]],[[]],[[]]]", limits), "no error");
  const std::string deep(size_t(50) << 20, '[');
  EXPECT_EQ(error_of(deep), "f.json: is nested deeper than 200 levels");
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  EXPECT_EQ(error_of(objects), "f.json: is nested deeper than 200 levels");
}

TEST(ParseJson, SizeIsLimited) {
  EXPECT_EQ(error_of("[1,2]", {.max_bytes = 5}), "no error");
  EXPECT_EQ(error_of("[1,2]", {.max_bytes = 4}), "f.json: has 5 bytes of JSON; expected at most 4");
}

TEST(ParseJson, DuplicateKeys) {
  EXPECT_EQ(parsed(R"({"a":1,"a":{"b":2},"a":3})"), json({{"a", 3}}));
  const JsonLimits strict{.refuse_duplicate_keys = true};
  EXPECT_EQ(error_of(R"({"a":1,"b":{"a":2}})", strict), "no error");
  EXPECT_EQ(error_of(R"({"a":1,"a":2})", strict), "f.json: key \"a\" appears twice in one object");
}

TEST(ParseJson, DamagedTextNeverHarms) {
  const std::string good =
      R"({"a":[1,-2.5e3,"x\u00e9\n",true,false,null],"b":{"c":{"d":[[],{}]}},"e":12345678901234567890})";
  Rng rng{99, 0};
  size_t refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text = good.substr(0, size_t(rng.integer(1, int64_t(good.size()))));
    for (int64_t i = rng.integer(0, 4); i > 0; --i)
      text[size_t(rng.integer(0, int64_t(text.size()) - 1))] = char(rng.bits());
    const auto result = parse_json(text, "fuzz");
    if (!result.ok())
      ++refused;
    else
      ASSERT_EQ(parsed(dump_json(*result)), *result) << text;
  }
  EXPECT_GT(refused, 3000u);
}

TEST(JsonGet, ConvertsWithinRange) {
  const json doc =
      parsed(R"({"i":-3,"u":18446744073709551615,"d":1.5,"b":true,"s":"x","l":[1,2],"n":null,"t":[[1],[2,3]]})");
  EXPECT_EQ(*json_get<int64_t>(doc, "f", "i"), -3);
  EXPECT_EQ(*json_get<uint64_t>(doc, "f", "u"), UINT64_MAX);
  EXPECT_EQ(*json_get<double>(doc, "f", "d"), 1.5);
  EXPECT_EQ(*json_get<float>(doc, "f", "i"), -3.0f);
  EXPECT_EQ(*json_get<bool>(doc, "f", "b"), true);
  EXPECT_EQ(*json_get<std::string>(doc, "f", "s"), "x");
  EXPECT_EQ(*json_get<std::vector<uint32_t>>(doc, "f", "l"), (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ((*json_get<std::vector<std::vector<int>>>(doc, "f", "t"))[1][1], 3);
  EXPECT_EQ(*json_get_or<int>(doc, "f", "missing", 7), 7);
  EXPECT_EQ(*json_get_or<std::string>(doc, "f", "n", "fallback"), "fallback");
  EXPECT_EQ(*json_get_or<int>(doc, "f", "i", 7), -3);
}

template <class T>
std::string get_error(const json& doc, std::string_view key) {
  const auto result = json_get<T>(doc, "config.json", key);
  return result.ok() ? "no error" : result.error().text();
}

TEST(JsonGet, ErrorsNameFileFieldValueAndExpectation) {
  const json doc = parsed(R"({"hidden_size":"x","neg":-1,"big":4294967296,"real":64.0,"list":[1,"two"],"obj":{"a":1},
                              "nested":[[1],[2,true]],"null":null,"huge":18446744073709551615})");
  EXPECT_EQ(get_error<int64_t>(doc, "hidden_size"), "config.json: hidden_size: is \"x\"; expected an integer");
  EXPECT_EQ(get_error<uint64_t>(doc, "absent"), "config.json: absent: is missing");
  EXPECT_EQ(get_error<uint64_t>(doc, "neg"),
            "config.json: neg: is -1; expected an integer from 0 to 18446744073709551615");
  EXPECT_EQ(get_error<uint32_t>(doc, "big"),
            "config.json: big: is 4294967296; expected an integer from 0 to 4294967295");
  EXPECT_EQ(get_error<int8_t>(doc, "big"), "config.json: big: is 4294967296; expected an integer from -128 to 127");
  EXPECT_EQ(get_error<int64_t>(doc, "huge"),
            "config.json: huge: is 18446744073709551615; expected an integer from -9223372036854775808 to "
            "9223372036854775807");
  EXPECT_EQ(get_error<int>(doc, "real"), "config.json: real: is 64.0; expected an integer");
  EXPECT_EQ(get_error<bool>(doc, "neg"), "config.json: neg: is -1; expected true or false");
  EXPECT_EQ(get_error<std::string>(doc, "obj"), "config.json: obj: is an object; expected a string");
  EXPECT_EQ(get_error<double>(doc, "null"), "config.json: null: is null; expected a number");
  EXPECT_EQ(get_error<std::vector<int>>(doc, "neg"), "config.json: neg: is -1; expected an array");
  EXPECT_EQ(get_error<std::vector<int>>(doc, "list"), "config.json: list[1]: is \"two\"; expected an integer");
  EXPECT_EQ((get_error<std::vector<std::vector<int>>>(doc, "nested")),
            "config.json: nested[1][1]: is true; expected an integer");
  EXPECT_EQ(get_error<int>(json::array(), "x"), "config.json: is an array of 0; expected an object");
  EXPECT_EQ(json_get_or<int>(doc, "f", "obj", 1).error().text(), "f: obj: is an object; expected an integer");
  EXPECT_EQ(json_object(doc, "f", "list").error().text(), "f: list: is an array of 2; expected an object");
  EXPECT_EQ(json_array(doc, "f", "obj").error().text(), "f: obj: is an object; expected an array");
}

TEST(JsonGet, LongValuesAreCutBetweenCharacters) {
  std::string text = "x";
  for (int i = 0; i < 1000; ++i) text += "\xC3\xA9";
  const std::string error = get_error<int>(json({{"k", text}}), "k");
  EXPECT_LT(error.size(), 120u);
  EXPECT_EQ(error.find("\xEF\xBF\xBD"), std::string::npos);
}

TEST(DumpJson, CompactAndIndented) {
  const json doc = parsed(R"({"b":[1,{"c":null}],"a":{},"d":[],"e":-0.5})");
  EXPECT_EQ(dump_json(doc), R"({"a":{},"b":[1,{"c":null}],"d":[],"e":-0.5})");
  EXPECT_EQ(dump_json(doc, 2),
            "{\n  \"a\": {},\n  \"b\": [\n    1,\n    {\n      \"c\": null\n    }\n  ],\n  \"d\": [],\n"
            "  \"e\": -0.5\n}");
}

TEST(DumpJson, BadUtf8IsReplaced) {
  EXPECT_EQ(dump_json(json({{"k\xFF", "a\xC3"}})), "{\"k\xEF\xBF\xBD\":\"a\xEF\xBF\xBD\"}");
  EXPECT_EQ(json_quote(std::string_view("\"\\\n\x01\x7F/\0", 7)), "\"\\\"\\\\\\n\\u0001\x7F/\\u0000\"");
}

TEST(DumpJson, DoublesRoundTripAtTheirShortest) {
  const auto text = [](double x) { return dump_json(json(x)); };
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(1), "1.0");
  EXPECT_EQ(text(-0.0), "-0.0");
  EXPECT_EQ(text(1e300), "1e+300");
  EXPECT_EQ(text(5e-324), "5e-324");
  EXPECT_EQ(text(NAN), "null");
  EXPECT_EQ(text(-INFINITY), "null");
  Rng rng{4, 4};
  for (int i = 0; i < 20000; ++i) {
    const double x = std::bit_cast<double>(rng.bits());
    if (!std::isfinite(x)) continue;
    const json back = parsed(text(x));
    ASSERT_TRUE(back.is_number_float());
    ASSERT_EQ(back.get<double>(), x);
  }
}

TEST(ShowName, PlainNamesStayAndOthersAreQuoted) {
  EXPECT_EQ(show_name("model.layers.0.mlp"), "model.layers.0.mlp");
  EXPECT_EQ(show_name(""), "\"\"");
  EXPECT_EQ(show_name("a\x1B[0m"), "\"a\\u001b[0m\"");
  EXPECT_EQ(show_name("a b"), "\"a b\"");
  EXPECT_LT(show_name(std::string(1000, 'a')).size(), 70u);
}

}  // namespace
}  // namespace r1
