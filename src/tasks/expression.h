// Arithmetic expressions from strangers, read without eval, signals, recursion without a limit, or unbounded time.
//
//   expression = term { (+ | -) term }      term = factor { (* | /) factor }      factor = number | ( expression )
//   number     = decimal digits without a leading zero
// ASCII only. Refused, with a reason: signs before a number or a parenthesis, ** and //, decimal points, exponents,
// any other character (letters, digits of other scripts), over 512 bytes, over 24 nested parentheses, division by zero,
// values beyond 64-bit fractions.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tasks/rational.h"

namespace r1 {

struct Expression {
  Rational value;
  std::vector<int64_t> numbers;  // in order of appearance
};

// The whole text must be one expression, optionally followed by "= N" with N its exact value.
Result<Expression> parse_expression(std::string_view text);

// Ok if `answer` is an expression that uses each of `numbers` exactly once and equals `target`; else why not.
Status check_countdown(std::string_view answer, std::span<const int64_t> numbers, Rational target);

}  // namespace r1
