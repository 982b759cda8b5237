#include "eval/graded.h"

#include <gtest/gtest.h>

#include <memory>

namespace r1 {
namespace {

Problem number_problem(const char* answer) {
  Problem p;
  p.answer = answer;
  p.verifier = Verifier::number;
  p.language = "en";
  return p;
}

Problem countdown_problem() {  // 8, 5, 3 -> 29
  Problem p = number_problem("8 * 3 + 5");
  p.verifier = Verifier::countdown;
  return p;
}

GradedSample graded(const Problem& problem, std::string_view text, bool stopped = true) {
  static const std::unique_ptr<TaskSet> tasks = open_task_set("chain", {}).value();
  return grade_sample(*tasks, problem, text, 5, stopped);
}

TEST(Graded, TheWholeForm) {
  const GradedSample s = graded(number_problem("9"), "<think> then 3 + 6 = 9 wait check</think><answer> 9</answer>");
  EXPECT_TRUE(s.correct && s.correct_format_blind && s.format && s.reflective);
  EXPECT_FALSE(s.cut_off || s.mixed);
  EXPECT_EQ(s.vote, "9");
  EXPECT_EQ(s.consistency, 1.0);
  EXPECT_EQ(s.tokens, 5u);
}

TEST(Graded, UntaggedAnswersCount) {
  const GradedSample s = graded(number_problem("9"), "then 3 + 6 = 9 ok so 9");
  EXPECT_TRUE(s.correct);
  EXPECT_FALSE(s.format || s.reflective);
}

TEST(Graded, NeitherTagNorSo) {
  const GradedSample s = graded(number_problem("9"), "then 3 + 6 = 9", false);
  EXPECT_FALSE(s.correct);
  EXPECT_TRUE(s.correct_format_blind && s.cut_off);
  EXPECT_EQ(s.vote, std::nullopt);
}

TEST(Graded, LanguagesOfTheThought) {
  EXPECT_TRUE(graded(number_problem("9"), "<think> then 然后</think><answer> 9</answer>").mixed);
  EXPECT_EQ(graded(number_problem("9"), "<think> then 然后</think><answer> 9</answer>").consistency, 0.5);
  EXPECT_EQ(graded(number_problem("9"), "<think> 3 = 3</think><answer> 9</answer>").consistency, 0.0);
  Problem unknown = number_problem("9");
  unknown.language = "";
  EXPECT_EQ(graded(unknown, "so 9").consistency, std::nullopt);
}

TEST(Graded, AnythingAtAll) {
  const std::string long_digits(100000, '7'), long_parens(100000, '('), commas(100000, ',');
  for (const std::string& text :
       {std::string(), std::string("\xFF\x00 so", 5), std::string("<answer>"), long_digits, long_parens, commas}) {
    EXPECT_FALSE(graded(number_problem("9"), text).correct_format_blind);
    EXPECT_FALSE(graded(countdown_problem(), text).correct_format_blind);
  }
}

TEST(EndsWithRightAnswer, LastNumber) {
  const auto ends = [](const char* answer, const char* text) {
    return ends_with_right_answer(number_problem(answer), text);
  };
  EXPECT_TRUE(ends("9", "the answer is 9."));
  EXPECT_TRUE(ends("9", "9"));
  EXPECT_TRUE(ends("-9", "it is -9"));
  EXPECT_TRUE(ends("9", "18-9"));  // a minus, not a sign
  EXPECT_TRUE(ends("1000", "1,000 apples"));
  EXPECT_TRUE(ends("0.5", "(1/2)"));
  EXPECT_TRUE(ends("9", "\\boxed{9}"));
  EXPECT_FALSE(ends("9", "9 or 10"));
  EXPECT_FALSE(ends("9", "nine"));
  EXPECT_FALSE(ends("9", "19"));
}

TEST(EndsWithRightAnswer, LastExpression) {
  const auto ends = [](const char* text) { return ends_with_right_answer(countdown_problem(), text); };
  EXPECT_TRUE(ends("use 8 * 3 + 5"));
  EXPECT_TRUE(ends("<answer> 8 * 3 + 5 = 29"));
  EXPECT_TRUE(ends("(8*3)+5 done"));
  EXPECT_TRUE(ends("- 8 * 3 + 5 -"));
  EXPECT_FALSE(ends("8 * 3 = 24 + 5 = 29"));  // the last one is 24 + 5
  EXPECT_FALSE(ends("8 * 3 + 5 no 8 + 3 + 5"));
  EXPECT_FALSE(ends("29"));
}

TEST(EndsWithRightAnswer, LastLine) {
  Problem p = number_problem("blue  whale");
  p.verifier = Verifier::exact;
  EXPECT_TRUE(ends_with_right_answer(p, "thinking\n blue whale \n"));
  EXPECT_FALSE(ends_with_right_answer(p, "blue whale\nor not"));
  p.verifier = Verifier::set;
  p.answer = "1, 2";
  EXPECT_TRUE(ends_with_right_answer(p, "so\n2, 1"));
}

TEST(NormalisedAnswer, EqualAnswersVoteTogether) {
  const Problem number = number_problem("1");
  EXPECT_EQ(normalised_answer(number, " 0.50 "), normalised_answer(number, "2/4"));
  EXPECT_EQ(normalised_answer(number, "no  idea"), "no idea");
  EXPECT_EQ(normalised_answer(countdown_problem(), "8 * 3 + 5 = 29"), "8*3+5");
  Problem set = number;
  set.verifier = Verifier::set;
  EXPECT_EQ(normalised_answer(set, "{b, a, 1.0}"), normalised_answer(set, "1,a , b, b"));
  EXPECT_NE(normalised_answer(set, "a b"), normalised_answer(set, "a, b"));
  Problem exact = number;
  exact.verifier = Verifier::exact;
  EXPECT_EQ(normalised_answer(exact, "  a \n b "), "a b");
  EXPECT_EQ(normalised_answer(exact, ""), "");
}

}  // namespace
}  // namespace r1
