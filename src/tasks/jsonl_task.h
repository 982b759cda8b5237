// User problems from JSON Lines: {"prompt": "...", "answer": "...", "level": 3, "verifier": "number"} per line.
//
// prompt and answer are needed: prompt a string, answer a string or a number (taken as its text). Optional: level (an
// integer), verifier (exact, number, set, countdown), language ("en", "zh"). For countdown the answer is one right
// expression, which fixes the numbers and the target; "nums" and "target", if given, must agree. Other fields are
// ignored. Blank lines are skipped. An Error names the file, the line, the field, what was found and what was expected.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tasks/problem.h"

namespace r1 {

struct JsonlOptions {
  std::string prompt_field = "prompt", answer_field = "answer";
  Verifier verifier = Verifier::exact;  // of lines that name none
};

// `path` is for messages. At least one problem. task is the file's name without folder and extension; canonical is the
// prompt with single spaces, for countdown that of tasks/countdown.h.
Result<std::vector<Problem>> parse_jsonl_problems(std::string_view text, const std::string& path,
                                                  const JsonlOptions& options);

}  // namespace r1
