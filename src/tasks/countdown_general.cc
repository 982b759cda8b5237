#include "tasks/countdown_general.h"

#include <algorithm>
#include <vector>

#include "tasks/countdown.h"
#include "tasks/rational.h"

namespace r1 {
namespace {

struct Part {
  Rational value;
  std::string text;
};

std::string joined(const Part& a, char op, const Part& b) { return cat('(', a.text, ' ', op, ' ', b.text, ')'); }

std::string without_outer_parentheses(const std::string& text) {
  return text.size() > 1 && text.front() == '(' ? text.substr(1, text.size() - 2) : text;
}

class Search {
 public:
  Search(int64_t target, uint64_t max_steps) : target_{target, 1}, steps_left_(max_steps) {}

  CountdownSearch result;

  // Depth is the number of parts, at most 6. Returns true to stop.
  bool run(const std::vector<Part>& parts) {
    if (parts.size() == 1) {
      if (parts[0].value != target_) return false;
      result.solution = without_outer_parentheses(parts[0].text);
      return true;
    }
    for (size_t i = 0; i < parts.size(); ++i)
      for (size_t j = 0; j < parts.size(); ++j)
        for (char op : {'+', '*', '-', '/'}) {
          if (i == j || (i > j && (op == '+' || op == '*'))) continue;
          if (steps_left_ == 0) {
            result.complete = false;
            return true;
          }
          --steps_left_;
          const auto value = apply(op, parts[i].value, parts[j].value);
          if (!value || (parts.size() == 2 && *value != target_)) continue;
          std::vector<Part> rest{{*value, joined(parts[i], op, parts[j])}};
          for (size_t k = 0; k < parts.size(); ++k)
            if (k != i && k != j) rest.push_back(parts[k]);
          if (run(rest)) return true;
        }
    return false;
  }

 private:
  const Rational target_;
  uint64_t steps_left_;
};

// An operation on two whole values that stays whole, non-negative and below a million; '+' always does.
char draw_operation(int64_t a, int64_t b, Rng& rng) {
  for (;;) {
    const char op = "+-*/"[rng.integer(0, 3)];
    if (op == '-' && a < b) continue;
    if (op == '*' && a * b > 1'000'000) continue;
    if (op == '/' && (b == 0 || a % b != 0)) continue;
    return op;
  }
}

}  // namespace

Status CountdownGeneralConfig::validate() const {
  const auto bad = [](std::string_view field, auto value, std::string_view expected) {
    return Error::invalid(cat("countdown.", field), cat("is ", value, "; expected ", expected));
  };
  if (min_count < 2 || min_count > 6) return bad("min_count", min_count, "2 to 6");
  if (max_count < min_count || max_count > 6) return bad("max_count", max_count, "min_count to 6");
  if (min_number < 1 || min_number > 10000) return bad("min_number", min_number, "1 to 10000");
  if (max_number < min_number || max_number > 10000) return bad("max_number", max_number, "min_number to 10000");
  if (min_target < 0) return bad("min_target", min_target, "at least 0");
  if (max_target < min_target) return bad("max_target", max_target, "at least min_target");
  // A problem beyond the range is only ever drawn when the range is hopeless; say so at the start instead.
  Rng probe{0, hash64("countdown probe")};
  for (int i = 0; i < 8; ++i) {
    const Problem problem = draw_general_countdown(*this, probe);
    const auto value = parse_number(problem.canonical.substr(10, problem.canonical.find(':') - 10));
    if (!value || value->num < min_target || value->num > max_target)
      return Error::invalid("countdown.min_target",
                            cat("to max_target, ", min_target, " to ", max_target,
                                ", is hardly ever reached with numbers ", min_number, " to ", max_number));
  }
  return {};
}

Problem draw_general_countdown(const CountdownGeneralConfig& config, Rng& rng) {
  std::vector<int64_t> numbers;
  Part whole;
  for (int attempt = 0; attempt < 10000; ++attempt) {
    numbers.resize(size_t(rng.integer(config.min_count, config.max_count)));
    std::vector<Part> parts;
    for (int64_t& n : numbers) {
      n = rng.integer(config.min_number, config.max_number);
      parts.push_back({{n, 1}, cat(n)});
    }
    while (parts.size() > 1) {
      rng.shuffle(parts);
      const Part b = parts.back();
      parts.pop_back();
      const Part a = parts.back();
      const char op = draw_operation(a.value.num, b.value.num, rng);
      parts.back() = {*apply(op, a.value, b.value), joined(a, op, b)};
    }
    whole = parts[0];
    const bool is_given = std::find(numbers.begin(), numbers.end(), whole.value.num) != numbers.end();
    if (whole.value.num >= config.min_target && whole.value.num <= config.max_target && !is_given) break;
  }
  std::string listed;
  for (int64_t n : numbers) listed += cat(listed.empty() ? "" : ", ", n);
  return {.task = "countdown",
          .prompt = cat("Using the numbers [", listed, "], create an equation that equals ", whole.value.num,
                        ". Use every number exactly once, with + - * / and parentheses. Think inside <think> </think> "
                        "tags, then give only the expression inside <answer> </answer> tags, such as <answer> "
                        "(1 + 2) / 3 </answer>."),
          .answer = without_outer_parentheses(whole.text),
          .level = int(numbers.size()),
          .language = "en",
          .canonical = countdown_canonical(numbers, whole.value.num),
          .verifier = Verifier::countdown};
}

CountdownSearch search_countdown(std::span<const int64_t> numbers, int64_t target, uint64_t max_steps) {
  CHECK(!numbers.empty() && numbers.size() <= 6);
  Search search(target, max_steps);
  std::vector<Part> parts;
  for (int64_t n : numbers) parts.push_back({{n, 1}, cat(n)});
  search.run(parts);
  return std::move(search.result);
}

}  // namespace r1
