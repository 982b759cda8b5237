#include "tasks/jsonl_task.h"

#include <gtest/gtest.h>

#include "tasks/grade.h"

namespace r1 {
namespace {

Result<std::vector<Problem>> parse(std::string_view text, JsonlOptions options = {}) {
  return parse_jsonl_problems(text, "dir/mine.jsonl", options);
}
std::string error_of(std::string_view text, JsonlOptions options = {}) {
  const auto result = parse(text, options);
  return result.ok() ? "no error" : result.error().text();
}

TEST(Jsonl, ReadsPromptAnswerLevelVerifierLanguage) {
  const auto problems = parse(
      "\xEF\xBB\xBF{\"prompt\":\"2 +\\n 2?\",\"answer\":\"4\",\"level\":3,\"verifier\":\"number\"}\r\n\n"
      "{\"prompt\":\"你好?\",\"answer\":7.5,\"language\":\"zh\",\"id\":[1]}");
  ASSERT_TRUE(problems.ok()) << problems.error().text();
  ASSERT_EQ(problems->size(), 2u);
  const Problem &a = (*problems)[0], &b = (*problems)[1];
  EXPECT_EQ(a.task, "mine");
  EXPECT_EQ(a.prompt, "2 +\n 2?");
  EXPECT_EQ(a.canonical, "2 + 2?");
  EXPECT_EQ(a.level, 3);
  EXPECT_EQ(a.verifier, Verifier::number);
  EXPECT_EQ(b.answer, "7.5");
  EXPECT_EQ(b.language, "zh");
  EXPECT_EQ(b.verifier, Verifier::exact);
}

TEST(Jsonl, FieldNamesAndVerifierAreOptions) {
  const auto problems = parse("{\"problem\":\"p\",\"gold\":\"1,000\"}",
                              {.prompt_field = "problem", .answer_field = "gold", .verifier = Verifier::number});
  ASSERT_TRUE(problems.ok());
  EXPECT_TRUE(is_right_answer((*problems)[0], "1000"));
}

TEST(Jsonl, CountdownTakesItsNumbersFromTheAnswer) {
  const auto problems = parse(
      "{\"prompt\":\"p\",\"answer\":\"(37 + 70) - 64\",\"verifier\":\"countdown\",\"nums\":[70,64,37],"
      "\"target\":43}");
  ASSERT_TRUE(problems.ok()) << problems.error().text();
  EXPECT_EQ((*problems)[0].canonical, "countdown 43: 37 64 70");
  EXPECT_TRUE(is_right_answer((*problems)[0], "70 - 64 + 37 = 43"));
  EXPECT_EQ(error_of("{\"prompt\":\"p\",\"answer\":\"1+2\",\"verifier\":\"countdown\",\"target\":4}"),
            "dir/mine.jsonl, line 1: target: is 4, but the answer makes 3");
  EXPECT_EQ(error_of("{\"prompt\":\"p\",\"answer\":\"1+2\",\"verifier\":\"countdown\",\"nums\":[1,2,3]}"),
            "dir/mine.jsonl, line 1: nums: is [1,2,3], but the answer uses other numbers");
}

TEST(Jsonl, ErrorsNameFileLineFieldValueAndExpectation) {
  const std::string good = "{\"prompt\":\"p\",\"answer\":\"a\"}\n";
  EXPECT_EQ(error_of(""), "dir/mine.jsonl: holds no problem; expected one JSON object a line");
  EXPECT_EQ(error_of("\n \n"), "dir/mine.jsonl: holds no problem; expected one JSON object a line");
  EXPECT_EQ(error_of(good + "{\"prompt\":\"p\"}"),
            "dir/mine.jsonl, line 2: answer: is missing; expected a string or a number");
  EXPECT_EQ(error_of(good + "\n{\"answer\":\"p\"}"), "dir/mine.jsonl, line 3: prompt: is missing; expected a string");
  EXPECT_EQ(error_of(good + "{\"prompt\":"), "dir/mine.jsonl, line 2: is not JSON: {\"prompt\":");
  EXPECT_EQ(error_of("[1]"), "dir/mine.jsonl, line 1: is [1]; expected an object");
  EXPECT_EQ(error_of("{\"prompt\":3,\"answer\":\"a\"}"), "dir/mine.jsonl, line 1: prompt: is 3; expected a string");
  EXPECT_EQ(error_of("{\"prompt\":\"p\",\"answer\":null}"),
            "dir/mine.jsonl, line 1: answer: is null; expected a string or a number");
  EXPECT_EQ(error_of("{\"prompt\":\"p\",\"answer\":[\"a\"]}"),
            "dir/mine.jsonl, line 1: answer: is [\"a\"]; expected a string or a number");
  EXPECT_EQ(error_of("{\"prompt\":\" \",\"answer\":\"a\"}"), "dir/mine.jsonl, line 1: prompt: is empty");
  EXPECT_EQ(error_of("{\"prompt\":\"p\",\"answer\":\"\"}"), "dir/mine.jsonl, line 1: answer: is empty");
  EXPECT_EQ(error_of("{\"prompt\":\"p\",\"answer\":\"a\",\"level\":1.5}"),
            "dir/mine.jsonl, line 1: level: is 1.5; expected an integer");
  EXPECT_EQ(error_of("{\"prompt\":\"p\",\"answer\":\"a\",\"level\":99999999999999999999}"),
            "dir/mine.jsonl, line 1: level: is 1e+20; expected an integer");
  EXPECT_EQ(error_of("{\"prompt\":\"p\",\"answer\":\"a\",\"verifier\":\"magic\"}"),
            "dir/mine.jsonl, line 1: verifier: is \"magic\"; expected exact, number, set or countdown");
  EXPECT_EQ(error_of("{\"prompt\":\"p\",\"answer\":\"a\",\"language\":\"fr\"}"),
            "dir/mine.jsonl, line 1: language: is \"fr\"; expected \"en\" or \"zh\"");
  EXPECT_NE(error_of("{\"prompt\":\"p\",\"answer\":\"many\"}", {.verifier = Verifier::number})
                .find("line 1: answer: is \"many\""),
            std::string::npos);
  EXPECT_NE(
      error_of("{\"prompt\":\"p\",\"answer\":\"1+\"}", {.verifier = Verifier::countdown}).find("right expression"),
      std::string::npos);
}

TEST(Jsonl, HostileLinesAreErrors) {
  EXPECT_NE(error_of(std::string(1 << 20, '[')).find("line 1: is not JSON"), std::string::npos);
  EXPECT_NE(error_of(std::string(1 << 20, '\0')).find("line 1"), std::string::npos);
  EXPECT_NE(error_of("{\"prompt\":\"\xff\",\"answer\":\"a\"}").find("is not JSON"), std::string::npos);
  std::string deep = "{\"prompt\":\"p\",\"answer\":" + std::string(100000, '[') + std::string(100000, ']') + "}";
  EXPECT_NE(error_of(deep).find("answer: is a nested array"), std::string::npos);
}

}  // namespace
}  // namespace r1
