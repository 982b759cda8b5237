// Pages without a problem: facts, comparison drills, redo drills.
#include <algorithm>
#include <utility>

#include "tasks/corpus.h"
#include "tasks/rational.h"

namespace r1 {
namespace {

int draw_number(const CountdownConfig& config, Rng& rng) {
  return int(rng.integer(config.min_number, config.max_number));
}

// A short chain from any value, of the train split: practice must not give a held-out problem away.
Chain draw_practice_chain(const CorpusConfig& config, int steps, Rng& rng) {
  for (;;) {
    Chain chain{int(rng.integer(0, config.chain.max_value)), {}};
    for (int value = chain.start; int(chain.steps.size()) < steps;) {
      chain.steps.push_back(draw_chain_step(config.chain, value, rng));
      value = apply_whole(chain.steps.back().op, value, chain.steps.back().operand);
    }
    if (split_of(chain_problem(chain, Language::english)) == Split::train) return chain;
  }
}

void write_chain_fact(Pen& pen, const CorpusConfig& config, Rng& rng) {
  const Chain chain = draw_practice_chain(config, 2, rng);
  int value = chain.start;
  pen << Word::check << value;
  for (const auto& step : chain.steps) {
    value = apply_whole(step.op, value, step.operand);
    pen << step.op << step.operand << '=' << value;
  }
}

// A line of some walk: the larger number first, both values in range, and not the solution of a held-out problem.
void write_countdown_fact(Pen& pen, const CorpusConfig& config, Rng& rng) {
  for (;;) {
    int left = draw_number(config.countdown, rng), right = draw_number(config.countdown, rng);
    if (left < right) std::swap(left, right);
    const char op = "*+-"[rng.integer(0, 2)], second = rng.chance(0.5) ? '+' : '-';
    const int value = apply_whole(op, left, right), unused = draw_number(config.countdown, rng);
    const int result = apply_whole(second, value, unused);
    if (value > config.countdown.max_value || result < 0 || result > config.countdown.max_value) continue;
    const auto& targets = config.countdown.targets;
    if (std::find(targets.begin(), targets.end(), result) != targets.end() &&
        split_of(countdown_canonical({left, right, unused}, result)) == Split::heldout)
      continue;
    pen << Word::check << left << op << right << '=' << value << second << unused << '=' << result;
    return;
  }
}

void write_facts(Pen& pen, const CorpusConfig& config, Rng& rng) {
  const bool chain = rng.chance(config.fact_chain_share);
  const auto write = chain ? write_chain_fact : write_countdown_fact;
  for (int i = 0; i < config.fact_lines; ++i) write(pen, config, rng);
}

// "= x + c = y no - c = z yes": the second half of a walk's line, a hit with the share asked for. Left out if the
// config allows no such line.
void write_drill_line(Pen& pen, const CorpusConfig& config, int target, Rng& rng) {
  const int max_value = config.countdown.max_value;
  const bool hit = rng.chance(config.drill_hit_share);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int unused = draw_number(config.countdown, rng);
    int value = int(rng.integer(0, max_value));
    if (hit) value = rng.chance(0.5) ? target - unused : target + unused;
    const int sum = value + unused, difference = value - unused;
    if (value < 0 || value > max_value || (sum > max_value && difference < 0)) continue;
    if (hit != (sum == target || difference == target)) continue;
    pen << '=' << value;
    for (const auto& [op, result] : {std::pair{'+', sum}, std::pair{'-', difference}}) {
      if (result < 0 || result > max_value) continue;
      pen << op << unused << '=' << result << (result == target ? Word::yes : Word::no);
      if (result == target) break;
    }
    return;
  }
}

void write_drill(Pen& pen, const CorpusConfig& config, Rng& rng) {
  const auto& targets = config.countdown.targets;
  const int target = targets[size_t(rng.integer(0, int64_t(targets.size()) - 1))];
  pen << Word::reach << target << Word::with;
  for (int i = 0; i < config.drill_lines; ++i) write_drill_line(pen, config, target, rng);
}

// Groups as careful thoughts have them, each with its second look.
void write_redo(Pen& pen, const CorpusConfig& config, Voice voice, Rng& rng) {
  ChainThoughts thoughts = config.chain_thoughts;
  thoughts.wait_if_right = thoughts.wait_if_wrong = 1;
  for (int i = 0; i < config.redo_lines; ++i) {
    const Chain chain = draw_practice_chain(config, int(rng.integer(2, 3)), rng);
    pen.append(solve_chain(chain, Style::careful, voice, thoughts, rng).thought);
  }
}

}  // namespace

Document make_practice_page(const CorpusConfig& config, PageKind kind, Rng& rng) {
  CHECK(kind != PageKind::problem);
  Document page;
  page.kind = kind;
  page.voice = rng.chance(0.5) ? Voice::english : Voice::chinese;
  Pen pen(page.voice, rng);
  if (kind == PageKind::facts) write_facts(pen, config, rng);
  if (kind == PageKind::drill) write_drill(pen, config, rng);
  if (kind == PageKind::redo) write_redo(pen, config, page.voice, rng);
  page.completion = pen.take().substr(1);
  return page;
}

}  // namespace r1
