// Chain arithmetic: "compute 3 + 4 * 2 - 5" is read strictly FROM LEFT TO RIGHT, without precedence: (3+4)*2-5 = 9.
//
// The corpus teaches it in groups of two or three operations taken in one jump, "then 3 + 4 * 2 = 14", a table too
// large for a tiny model to learn. The one door to small steps is a second look at the jump: "wait 3 + 4 = 7 * 2 = 14"
// does it over one operation at a time, and the next group goes on from there. "ok" leaves the jump as it is.
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

struct Chain {
  struct Step {
    char op;  // + - *
    int operand;
  };
  int start = 0;
  std::vector<Step> steps;
};

struct ChainConfig {
  int min_steps = 2, max_steps = 6;      // uniform; 1 .. 12
  int min_start = 1, max_start = 15;     // uniform
  int min_operand = 2, max_operand = 9;  // uniform
  int add_weight = 2, subtract_weight = 2, multiply_weight = 1;
  int max_value = 30;  // every value from start to answer is 0 .. max_value

  Status validate() const;  // fields named "chain.max_value" ...
};

struct ChainThoughts {
  double jump_wrong = 0.25;     // a jump's value is off
  int jump_wrong_by = 3;        // by 1 .. this, either way
  double wait_if_wrong = 0.75;  // careful: look again after a wrong jump, else "ok"
  double wait_if_right = 0.25;  //          after a right one
  double redo_wrong = 0;        // an operation of the redo is off by one
  double direct_right = 0.5;    // direct: the answer is right, else off by 1 .. jump_wrong_by
};

// An operation that keeps a value of 0 .. max_value there. REQUIRES: a valid config.
Chain::Step draw_chain_step(const ChainConfig& config, int value, Rng& rng);

// REQUIRES: a valid config.
Chain draw_chain(const ChainConfig& config, Rng& rng);

// The answer, left to right.
int chain_value(const Chain& chain);

// level = number of operations; canonical "chain 3 + 4 * 2".
Problem chain_problem(const Chain& chain, Language language);

// How many operations each jump takes: 2 -> 2; 3 -> 3; 4 -> 2 2; 5 -> 2 3; 6 -> 2 2 2; only a lone operation takes 1.
std::vector<int> chain_groups(int steps);

Solution solve_chain(const Chain& chain, Style style, Voice voice, const ChainThoughts& thoughts, Rng& rng);

}  // namespace r1
