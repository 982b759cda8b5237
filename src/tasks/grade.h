// Judging a completion: is it in the R1-Zero form, which answer does it give, is that answer right.
//
// Everything here is linear in the completion's length, apart from the answer itself, which is read up to 4096 bytes.
// Where a chat template already opened "<think>" in the prompt, prepend it to the completion.
#pragma once
#include <string_view>

#include "base/result.h"
#include "tasks/problem.h"

namespace r1 {

Verdict grade(const Problem& problem, std::string_view completion);

// The whole of `completion` is white space, <think>..</think>, white space, <answer>..</answer>, white space, and none
// of the four tags appears twice.
bool has_r1_format(std::string_view completion);

// The thought: what is inside <think>..</think> (to the end if never closed). Without <think>: what precedes <answer>,
// or in an untagged completion what precedes its last "so".
std::string_view thinking_of(std::string_view completion);

// The answer alone against the reference, by problem.verifier.
bool is_right_answer(const Problem& problem, std::string_view answer);

// An error if the reference answer cannot be used with its verifier (a number that is none, an expression that fails).
Status check_reference(const Problem& problem);

// "exact", "number", "set", "countdown".
std::string_view verifier_name(Verifier verifier);
Result<Verifier> parse_verifier(std::string_view name);

}  // namespace r1
