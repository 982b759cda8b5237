// The quickstart's Countdown: "reach 20 with 8 4 3" asks for x op y op z over three numbers, op one of * + - first and
// + or - then, equal to the target: 8 * 3 - 4. Numbers stand in descending order, every value is 0 .. max_value; so
// left to right and ordinary precedence agree. The general game is in tasks/countdown_general.h.
//
// The corpus solves it by a depth-first walk over at most nine branches (three pairs by three operations) in a fixed
// cyclic order from a random start: "try 8 * 3 = 24 + 4 = 28 no - 4 = 20 yes". A careful thought repeats the line found
// after "check" and ends with "ok", or finds it false and goes on: "wait no".
#pragma once
#include <array>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "tasks/problem.h"
#include "tasks/style.h"
#include "tasks/words.h"

namespace r1 {

struct CountdownConfig {
  int min_number = 2, max_number = 12;
  std::vector<int> targets = {10, 12, 15, 16, 18, 20, 24};
  int max_value = 60;  // of every value on the way

  Status validate() const;  // fields named "countdown.max_value" ...
};

struct Countdown {
  std::array<int, 3> numbers{};  // descending, repeats allowed
  int target = 0;
};

// One first operation, and the number it leaves unused.
struct CountdownBranch {
  int left;
  char op;
  int right;
  int value;
  int unused;
};

struct CountdownThoughts {
  double equation_wrong = 0.015;           // an equation of the walk is off, and is believed
  int equation_wrong_by = 3;               // by 1 .. this, either way
  double direct_right = 0.15;              // direct: the guess is right
  double guess_right = 0.15;               // the guess that ends a walk without success
  int min_branches = 1, max_branches = 3;  // plain: branches before giving up, uniform
  double plain_false_yes = 0;              // a miss is called a hit
  double careful_false_yes = 0;            // the same, for the check to find
  bool unused_first = false;               // "try 4 8 * 3 = 24": the unused number is named before the line
};

// Branches with a value in range and at least one second operation in range, in the walk's order, without repeats.
std::vector<CountdownBranch> countdown_branches(const Countdown& item, int max_value);

// The answer a branch gives with + or - as its second operation: "8 * 3 - 4".
std::string countdown_line(const CountdownBranch& branch, char second);

// Right answers ("8 * 3 - 4"), in the walk's order; one branch and sign each.
std::vector<std::string> countdown_solutions(const Countdown& item, int max_value);

// Numbers and target uniform, drawn again until there is a solution. REQUIRES: a valid config.
Countdown draw_countdown(const CountdownConfig& config, Rng& rng);

// Every solvable problem of the config.
std::vector<Countdown> all_countdowns(const CountdownConfig& config);

// level = number of solutions (1 is hardest); canonical as in countdown_canonical.
Problem countdown_problem(const Countdown& item, int max_value, Language language);

// "countdown 20: 3 4 8", numbers ascending: the same for every wording and order.
std::string countdown_canonical(std::vector<int64_t> numbers, int64_t target);

Solution solve_countdown(const Countdown& item, int max_value, Style style, Voice voice,
                         const CountdownThoughts& thoughts, Rng& rng);

}  // namespace r1
