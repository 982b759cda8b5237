#include "tasks/grade.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

Problem problem(std::string answer, Verifier verifier) {
  Problem p;
  p.answer = std::move(answer);
  p.verifier = verifier;
  return p;
}
Problem number_problem(std::string answer) { return problem(std::move(answer), Verifier::number); }

TEST(Format, WantsTheWholeCompletionInTheForm) {
  EXPECT_TRUE(has_r1_format("<think> then 2 + 2 = 4</think><answer> 4</answer>"));
  EXPECT_TRUE(has_r1_format(" \n<think></think>\n\n<answer>4</answer>\n"));
  for (const char* text :
       {"", "4", "<think>a</think>", "<answer>4</answer>", "<think>a</think>4", "a<think>a</think><answer>4</answer>",
        "<think>a</think>b<answer>4</answer>", "<think>a</think><answer>4</answer>b",
        "<think>a<think>b</think><answer>4</answer>", "<think>a</think></think><answer>4</answer>",
        "<think>a</think><answer>4</answer><answer>4</answer>", "<answer>4</answer><think>a</think>",
        "<think>a<answer>4</answer></think>", "<think>a</answer><answer></think>", "<think>a</think><answer>4",
        "<Think>a</Think><answer>4</answer>", "<think>a</think><answer>4</answer></answer>"})
    EXPECT_FALSE(has_r1_format(text)) << text;
}

TEST(Grade, TakesTheTaggedAnswer) {
  const Verdict v = grade(number_problem("9"), "<think> so 8</think><answer> 9 </answer>");
  EXPECT_TRUE(v.correct && v.format && v.has_answer && v.tagged);
  EXPECT_EQ(v.extracted, "9");
}

TEST(Grade, JudgesAnswerAndFormatApart) {
  const Verdict no_think = grade(number_problem("9"), "<answer>9</answer>");
  EXPECT_TRUE(no_think.correct && no_think.tagged && !no_think.format);
  const Verdict wrong = grade(number_problem("9"), "<think></think><answer>8</answer>");
  EXPECT_TRUE(!wrong.correct && wrong.format && wrong.has_answer);
}

TEST(Grade, TakesWhatFollowsTheLastSoOfAnUntaggedAnswer) {
  EXPECT_TRUE(grade(number_problem("9"), " then 4 + 5 = 9 ok so 9").correct);
  EXPECT_TRUE(grade(number_problem("9"), " so 8 so 9").correct);
  EXPECT_TRUE(grade(number_problem("9"), " 所以 9").correct);
  EXPECT_TRUE(grade(number_problem("9"), "所以9").correct);
  EXPECT_TRUE(grade(number_problem("9"), " so 8 所以 9").correct);
  EXPECT_TRUE(grade(number_problem("9"), " 所以 8 so 9").correct);
  EXPECT_TRUE(grade(number_problem("9"), "so 9").correct);
  EXPECT_FALSE(grade(number_problem("9"), " so 9 then").correct);
  EXPECT_FALSE(grade(number_problem("9"), " so 9 so 8").correct);
  EXPECT_FALSE(grade(number_problem("9"), " 9").has_answer);
  EXPECT_FALSE(grade(number_problem("9"), " also 9").has_answer);
  EXPECT_FALSE(grade(number_problem("9"), " sofa 9").has_answer);
  EXPECT_FALSE(grade(number_problem("9"), " so").has_answer);
  EXPECT_FALSE(grade(number_problem("9"), "").has_answer);
  EXPECT_FALSE(grade(number_problem("9"), "<think> so 9</think>").correct);
  EXPECT_FALSE(grade(number_problem("9"), " so 9").tagged);
}

TEST(Grade, AnOpenedAnswerMustClose) {
  const Verdict v = grade(number_problem("9"), " so 9 <answer> 9");
  EXPECT_TRUE(v.tagged && !v.has_answer && !v.correct);
  EXPECT_FALSE(grade(number_problem("9"), "</answer><answer>9").has_answer);
  EXPECT_FALSE(grade(number_problem("9"), "<answer></answer>").has_answer);
}

TEST(Grade, TheLastOfSeveralAnswersCounts) {
  EXPECT_FALSE(grade(number_problem("9"), "<answer>9</answer><answer>8</answer>").correct);
  const Verdict v = grade(number_problem("9"), "<answer>8</answer><answer>9</answer>");
  EXPECT_TRUE(v.correct && !v.format);
}

TEST(Grade, ExactIgnoresOnlySpacing) {
  EXPECT_TRUE(is_right_answer(problem("New York", Verifier::exact), " New \n York "));
  EXPECT_FALSE(is_right_answer(problem("New York", Verifier::exact), "new york"));
  EXPECT_FALSE(is_right_answer(problem("1/2", Verifier::exact), "0.5"));
}

TEST(Grade, NumbersAreEqualAsFractions) {
  EXPECT_TRUE(is_right_answer(number_problem("1,000"), "1000"));
  EXPECT_TRUE(is_right_answer(number_problem("1/2"), "0.50"));
  EXPECT_FALSE(is_right_answer(number_problem("1/3"), "0.3333"));
  EXPECT_FALSE(is_right_answer(number_problem("9"), "9 9"));
  EXPECT_FALSE(is_right_answer(number_problem("9"), "8 or 9"));
}

TEST(Grade, SetsIgnoreOrderAndBrackets) {
  const Problem p = problem("{1, 1/2, red  fox}", Verifier::set);
  EXPECT_TRUE(is_right_answer(p, "red fox, 0.5, 1"));
  EXPECT_TRUE(is_right_answer(p, "[0.5,1.0,red fox]"));
  EXPECT_FALSE(is_right_answer(p, "1, 1/2"));
  EXPECT_FALSE(is_right_answer(p, "1, 1/2, red fox, 3"));
  EXPECT_FALSE(is_right_answer(p, "1,, 1/2, red fox"));
  EXPECT_FALSE(is_right_answer(p, "{1, 1/2, red fox"));
}

TEST(Grade, CountdownTakesAnyRightExpression) {
  const Problem p = problem("8 * 3 - 4", Verifier::countdown);
  EXPECT_TRUE(is_right_answer(p, "3*8 - 4"));
  EXPECT_FALSE(is_right_answer(p, "20"));
  EXPECT_FALSE(is_right_answer(p, "8 + 3 + 4"));
}

TEST(Grade, ReferencesAreChecked) {
  EXPECT_TRUE(check_reference(number_problem("3/4")).ok());
  EXPECT_FALSE(check_reference(number_problem("three")).ok());
  EXPECT_FALSE(check_reference(problem(" ", Verifier::exact)).ok());
  EXPECT_FALSE(check_reference(problem("1,,2", Verifier::set)).ok());
  EXPECT_FALSE(check_reference(problem("1 +", Verifier::countdown)).ok());
  EXPECT_FALSE(check_reference(problem(std::string(5000, 'x'), Verifier::exact)).ok());
  EXPECT_FALSE(parse_verifier("math").ok());
  for (Verifier v : {Verifier::exact, Verifier::number, Verifier::set, Verifier::countdown})
    EXPECT_EQ(*parse_verifier(verifier_name(v)), v);
}

TEST(Grade, HostileCompletionsAreJustWrong) {
  const size_t mega = 1 << 20;
  const Problem countdown = problem("8 * 3 - 4", Verifier::countdown);
  const std::string many_so = [&] {
    std::string s;
    while (s.size() < mega) s += " so";
    return s;
  }();
  std::string sosos;
  while (sosos.size() < mega) sosos += "so";
  std::string tags;
  while (tags.size() < mega) tags += "<answer>";
  for (const Problem& p : {number_problem("9"), countdown, problem("x", Verifier::exact), problem("x", Verifier::set)})
    for (const std::string& text :
         {std::string(mega, '9'), std::string(mega, '('), "<answer>" + std::string(mega, '(') + "</answer>",
          "<answer>" + std::string(mega, ',') + "</answer>", std::string("<answer>9**9**9</answer>"), many_so, sosos,
          tags, tags + "</answer>", std::string(mega, '\0'), std::string(mega, '\xff'),
          std::string("<answer>\xe6</answer>")}) {
      const Verdict v = grade(p, text);
      EXPECT_FALSE(v.correct);
      EXPECT_LE(v.extracted.size(), 4096u);
    }
  const Verdict cut = grade(problem("x", Verifier::exact), "<answer>x" + std::string(4094, 'x') + "等等</answer>");
  EXPECT_EQ(cut.extracted.size(), 4095u);  // not inside a character
}

TEST(Thinking, IsWhatTheTagsHold) {
  EXPECT_EQ(thinking_of("<think> a b</think><answer> 1</answer>"), " a b");
  EXPECT_EQ(thinking_of("<think> cut off"), " cut off");
  EXPECT_EQ(thinking_of(" a b<answer> 1</answer>"), " a b");
  EXPECT_EQ(thinking_of(" a b so 1"), " a b ");
  EXPECT_EQ(thinking_of("nothing"), "nothing");
}

}  // namespace
}  // namespace r1
