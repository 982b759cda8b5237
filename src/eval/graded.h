// What evaluation wants to know about one completion.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tasks/problem.h"
#include "tasks/task_set.h"

namespace r1 {

struct GradedSample {
  bool correct = false;               // the extracted answer is right, tagged or after the last "so"
  bool correct_format_blind = false;  // that, or the text's last candidate for an answer is right
  bool format = false;                // the whole is <think>..</think><answer>..</answer>
  bool cut_off = false;               // ran out of tokens
  bool reflective = false;            // at least one reflective word (tasks/words.h)
  bool mixed = false;                 // English and Chinese in one thought
  std::optional<double> consistency;  // share of the thought's words in the question's language, where that is known
  std::optional<std::string> vote;    // the extracted answer in one written form
  size_t tokens = 0;                  // drawn, the stop token included
};

GradedSample grade_sample(const TaskSet& tasks, const Problem& problem, std::string_view text, size_t tokens,
                          bool stopped);

// An answer as votes count it: numbers in lowest terms, expressions without spaces or "= N", text with single spaces.
std::string normalised_answer(const Problem& problem, std::string_view answer);

// The last thing in the text that could be an answer is right: the last number, the last expression with an operator,
// or for text and sets the last line. Linear in the text.
bool ends_with_right_answer(const Problem& problem, std::string_view text);

}  // namespace r1
