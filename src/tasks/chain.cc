#include "tasks/chain.h"

#include <span>

#include "tasks/rational.h"

namespace r1 {
namespace {

int applied(int value, Chain::Step step) { return apply_whole(step.op, value, step.operand); }

using Steps = std::span<const Chain::Step>;

int run(int value, Steps steps) {
  for (const auto& step : steps) value = applied(value, step);
  return value;
}

// From `value` on, every value is a number of the corpus.
bool stays_writable(int value, Steps rest) {
  if (value < 0 || value > kLargestNumber) return false;
  for (const auto& step : rest)
    if ((value = applied(value, step)) < 0 || value > kLargestNumber) return false;
  return true;
}

// A value near `right` but not it, from which the rest of the chain can still be written; `right` if there is none.
int near_miss(int right, Steps rest, int by, Rng& rng) {
  std::vector<int> choices;
  for (int d = 1; d <= by; ++d)
    for (int value : {right - d, right + d})
      if (stays_writable(value, rest)) choices.push_back(value);
  return choices.empty() ? right : choices[size_t(rng.integer(0, int64_t(choices.size()) - 1))];
}

void write_steps(Pen& pen, Steps steps) {
  for (const auto& step : steps) pen << step.op << step.operand;
}

std::string expression_of(const Chain& chain) {
  std::string text = cat(chain.start);
  for (const auto& step : chain.steps) text += cat(' ', step.op, ' ', step.operand);
  return text;
}

}  // namespace

Status ChainConfig::validate() const {
  const auto bad = [](std::string_view field, auto value, std::string_view expected) {
    return Error::invalid(cat("chain.", field), cat("is ", value, "; expected ", expected));
  };
  if (min_steps < 1 || min_steps > 12) return bad("min_steps", min_steps, "1 to 12");
  if (max_steps < min_steps || max_steps > 12) return bad("max_steps", max_steps, "min_steps to 12");
  if (max_value < 10 || max_value > kLargestNumber) return bad("max_value", max_value, cat("10 to ", kLargestNumber));
  if (min_start < 0 || min_start > max_value) return bad("min_start", min_start, "0 to max_value");
  if (max_start < min_start || max_start > max_value) return bad("max_start", max_start, "min_start to max_value");
  // With 2 * min_operand <= max_value + 1, each value allows + or -, so a chain can always go on.
  if (min_operand < 1 || 2 * min_operand > max_value + 1)
    return bad("min_operand", min_operand, "1 to (max_value + 1) / 2");
  if (max_operand < min_operand || max_operand > kLargestNumber)
    return bad("max_operand", max_operand, cat("min_operand to ", kLargestNumber));
  if (add_weight < 1 || add_weight > 1000) return bad("add_weight", add_weight, "1 to 1000");
  if (subtract_weight < 1 || subtract_weight > 1000) return bad("subtract_weight", subtract_weight, "1 to 1000");
  if (multiply_weight < 0 || multiply_weight > 1000) return bad("multiply_weight", multiply_weight, "0 to 1000");
  return {};
}

Chain::Step draw_chain_step(const ChainConfig& config, int value, Rng& rng) {
  const int weights = config.add_weight + config.subtract_weight + config.multiply_weight;
  for (;;) {
    const int64_t pick = rng.integer(0, weights - 1);
    const char op = pick < config.add_weight ? '+' : pick < config.add_weight + config.subtract_weight ? '-' : '*';
    const Chain::Step step{op, int(rng.integer(config.min_operand, config.max_operand))};
    const int next = applied(value, step);
    if (next >= 0 && next <= config.max_value) return step;
  }
}

Chain draw_chain(const ChainConfig& config, Rng& rng) {
  Chain chain;
  chain.start = int(rng.integer(config.min_start, config.max_start));
  const int count = int(rng.integer(config.min_steps, config.max_steps));
  int value = chain.start;
  while (int(chain.steps.size()) < count) {
    chain.steps.push_back(draw_chain_step(config, value, rng));
    value = applied(value, chain.steps.back());
  }
  return chain;
}

int chain_value(const Chain& chain) { return run(chain.start, chain.steps); }

Problem chain_problem(const Chain& chain, Language language) {
  const std::string expression = expression_of(chain);
  return {.task = "chain",
          .prompt = cat(word_in(Word::compute, language), ' ', expression),
          .answer = cat(chain_value(chain)),
          .level = int(chain.steps.size()),
          .language = std::string(language_code(language)),
          .canonical = "chain " + expression,
          .verifier = Verifier::number};
}

std::vector<int> chain_groups(int steps) {
  std::vector<int> groups;
  for (; steps > 3; steps -= 2) groups.push_back(2);
  groups.push_back(steps);
  return groups;
}

Solution solve_chain(const Chain& chain, Style style, Voice voice, const ChainThoughts& thoughts, Rng& rng) {
  const Steps steps = chain.steps;
  if (style == Style::direct) {
    const int right = chain_value(chain);
    return {"", cat(rng.chance(thoughts.direct_right) ? right : near_miss(right, {}, thoughts.jump_wrong_by, rng))};
  }
  Pen pen(voice, rng);
  int value = chain.start;
  size_t done = 0;
  for (int size : chain_groups(int(steps.size()))) {
    const Steps group = steps.subspan(done, size_t(size)), rest = steps.subspan(done + size_t(size));
    const int right = run(value, group);
    int jumped = right;
    if (rng.chance(thoughts.jump_wrong)) jumped = near_miss(right, rest, thoughts.jump_wrong_by, rng);
    pen << Word::then << value;
    write_steps(pen, group);
    pen << '=' << jumped;
    if (style == Style::careful) {
      if (rng.chance(jumped == right ? thoughts.wait_if_right : thoughts.wait_if_wrong)) {
        pen << Word::wait << value;
        int redone = value;
        for (size_t i = 0; i < group.size(); ++i) {
          redone = applied(redone, group[i]);
          if (rng.chance(thoughts.redo_wrong)) redone = near_miss(redone, steps.subspan(done + i + 1), 1, rng);
          pen << group[i].op << group[i].operand << '=' << redone;
        }
        jumped = redone;
      } else {
        pen << Word::ok;
      }
    }
    value = jumped;
    done += size_t(size);
  }
  return {pen.take(), cat(value)};
}

}  // namespace r1
