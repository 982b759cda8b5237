#include "tasks/countdown.h"

#include <algorithm>

#include "tasks/rational.h"

namespace r1 {
Status CountdownConfig::validate() const {
  const auto bad = [](std::string_view field, auto value, std::string_view expected) {
    return Error::invalid(cat("countdown.", field), cat("is ", value, "; expected ", expected));
  };
  if (min_number < 1 || min_number > kLargestNumber) return bad("min_number", min_number, cat("1 to ", kLargestNumber));
  if (max_number < min_number || max_number > kLargestNumber)
    return bad("max_number", max_number, cat("min_number to ", kLargestNumber));
  if (max_value < 1 || max_value > kLargestNumber) return bad("max_value", max_value, cat("1 to ", kLargestNumber));
  if (targets.empty()) return Error::invalid("countdown.targets", "is empty; expected at least one target");
  for (int target : targets)
    if (target < 0 || target > max_value) return bad("targets", target, "numbers from 0 to max_value");
  const double span = max_number - min_number + 1;
  const double solvable = double(all_countdowns(*this).size()) / (span * span * span * double(targets.size()));
  if (solvable < 1e-3)
    return Error::invalid("countdown", cat("fewer than one problem in 1000 can be solved with numbers ", min_number,
                                           " to ", max_number, " and these targets"));
  return {};
}

std::vector<CountdownBranch> countdown_branches(const Countdown& item, int max_value) {
  constexpr std::array<std::array<int, 3>, 3> kPairs = {{{0, 1, 2}, {0, 2, 1}, {1, 2, 0}}};
  std::vector<CountdownBranch> branches;
  for (const auto& [i, j, k] : kPairs)
    for (char op : {'*', '+', '-'}) {
      const int left = item.numbers[size_t(i)], right = item.numbers[size_t(j)], unused = item.numbers[size_t(k)];
      const int value = apply_whole(op, left, right);
      if (value < 0 || value > max_value || (value + unused > max_value && value < unused)) continue;
      const bool seen = std::any_of(branches.begin(), branches.end(), [&](const CountdownBranch& b) {
        return b.left == left && b.op == op && b.right == right;
      });
      if (!seen) branches.push_back({left, op, right, value, unused});
    }
  return branches;
}

std::string countdown_line(const CountdownBranch& branch, char second) {
  return cat(branch.left, ' ', branch.op, ' ', branch.right, ' ', second, ' ', branch.unused);
}

std::vector<std::string> countdown_solutions(const Countdown& item, int max_value) {
  std::vector<std::string> solutions;
  for (const auto& branch : countdown_branches(item, max_value))
    for (char second : {'+', '-'})
      if (apply_whole(second, branch.value, branch.unused) == item.target)
        solutions.push_back(countdown_line(branch, second));
  return solutions;
}

Countdown draw_countdown(const CountdownConfig& config, Rng& rng) {
  for (;;) {
    Countdown item;
    for (int& number : item.numbers) number = int(rng.integer(config.min_number, config.max_number));
    item.target = config.targets[size_t(rng.integer(0, int64_t(config.targets.size()) - 1))];
    std::sort(item.numbers.rbegin(), item.numbers.rend());
    if (!countdown_solutions(item, config.max_value).empty()) return item;
  }
}

std::vector<Countdown> all_countdowns(const CountdownConfig& config) {
  std::vector<Countdown> items;
  for (int a = config.min_number; a <= config.max_number; ++a)
    for (int b = config.min_number; b <= a; ++b)
      for (int c = config.min_number; c <= b; ++c)
        for (int target : config.targets)
          if (const Countdown item{{a, b, c}, target}; !countdown_solutions(item, config.max_value).empty())
            items.push_back(item);
  return items;
}

std::string countdown_canonical(std::vector<int64_t> numbers, int64_t target) {
  std::sort(numbers.begin(), numbers.end());
  std::string text = cat("countdown ", target, ':');
  for (int64_t n : numbers) text += cat(' ', n);
  return text;
}

Problem countdown_problem(const Countdown& item, int max_value, Language language) {
  const auto& [a, b, c] = item.numbers;
  const auto solutions = countdown_solutions(item, max_value);
  return {.task = "countdown",
          .prompt = cat(word_in(Word::reach, language), ' ', item.target, ' ', word_in(Word::with, language), ' ', a,
                        ' ', b, ' ', c),
          .answer = solutions.empty() ? "" : solutions[0],
          .level = int(solutions.size()),
          .language = std::string(language_code(language)),
          .canonical = countdown_canonical({a, b, c}, item.target),
          .verifier = Verifier::countdown};
}

}  // namespace r1
