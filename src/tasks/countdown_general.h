// Countdown as users know it: two to six positive numbers, + - * / and parentheses, each number exactly once.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/rng.h"
#include "tasks/problem.h"

namespace r1 {

struct CountdownGeneralConfig {
  int min_count = 3, max_count = 4;     // numbers given, uniform; 2 .. 6
  int min_number = 1, max_number = 99;  // uniform
  int min_target = 10, max_target = 100;

  Status validate() const;  // fields named "countdown.min_count" ...
};

// Random pairs are combined until one value is left, with whole non-negative values on the way; drawn again until that
// value is a target in range and not one of the numbers. After 10000 draws the last value is taken, whatever it is.
// The prompt is TinyZero's form: "Using the numbers [44, 19, 35], create an equation that equals 98. ...".
// level = how many numbers. REQUIRES: a valid config.
Problem draw_general_countdown(const CountdownGeneralConfig& config, Rng& rng);

struct CountdownSearch {
  std::optional<std::string> solution;  // an expression
  bool complete = true;                 // false: max_steps ran out, so no solution says nothing
};

// Tries all expressions in exact fractions, at most max_steps operations. REQUIRES: 1 to 6 numbers.
CountdownSearch search_countdown(std::span<const int64_t> numbers, int64_t target, uint64_t max_steps = 5'000'000);

}  // namespace r1
