#include "eval/graded.h"

#include <algorithm>

#include "tasks/expression.h"
#include "tasks/grade.h"
#include "tasks/rational.h"
#include "tasks/words.h"
#include "text/language.h"

namespace r1 {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kExpression = "0123456789+-*/() ";
constexpr std::string_view kOperators = "+-*/";

std::string_view trimmed(std::string_view s, std::string_view off = kSpace) {
  const size_t first = s.find_first_not_of(off);
  return first == s.npos ? std::string_view{} : s.substr(first, s.find_last_not_of(off) - first + 1);
}

std::string one_spaced(std::string_view text) {
  std::string out;
  for (const char c : trimmed(text)) {
    const bool space = kSpace.find(c) != kSpace.npos;
    if (!space || out.back() != ' ') out += space ? ' ' : c;
  }
  return out;
}

std::string without_spaces(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return kSpace.find(c) == kSpace.npos; });
  return out;
}

// The items of a set, each in one form, in order.
std::string normalised_set(std::string_view answer) {
  answer = trimmed(trimmed(answer), "{}[]()");
  std::vector<std::string> items;
  for (size_t begin = 0; begin <= answer.size();) {
    const size_t end = std::min(answer.find(',', begin), answer.size());
    const std::string_view item = trimmed(answer.substr(begin, end - begin));
    const auto number = parse_number(item);
    items.push_back(number ? to_string(*number) : one_spaced(item));
    begin = end + 1;
  }
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  std::string out;
  for (const std::string& item : items) cat_append(out, item), cat_append(out, ',');
  return out;
}

// The text's last number, with its sign if it has one of its own.
std::string_view last_number(std::string_view text) {
  const size_t last = text.find_last_of(kDigits);
  if (last == text.npos) return {};
  const size_t before = text.substr(0, last).find_last_not_of("0123456789.,/");
  size_t begin = text.find_first_of("0123456789.", before == text.npos ? 0 : before + 1);
  const bool has_sign =
      begin > 0 && text[begin - 1] == '-' && (begin == 1 || kDigits.find(text[begin - 2]) == kDigits.npos);
  if (has_sign) --begin;
  return text.substr(begin, last + 1 - begin);
}

// The last stretch that reads as an expression with an operator. "=" ends one, as in a chain of equations.
std::string_view last_expression(std::string_view text) {
  for (size_t end = text.size(); end > 0;) {
    const size_t last = text.substr(0, end).find_last_of(kExpression);
    if (last == text.npos) break;
    const size_t before = text.substr(0, last).find_last_not_of(kExpression);
    const size_t begin = before == text.npos ? 0 : before + 1;
    std::string_view candidate = trimmed(text.substr(begin, last + 1 - begin));
    const size_t first = candidate.find_first_of("0123456789("), stop = candidate.find_last_of("0123456789)");
    if (first != candidate.npos && stop != candidate.npos && first <= stop) {
      candidate = candidate.substr(first, stop + 1 - first);
      if (candidate.find_first_of(kOperators) != candidate.npos && parse_expression(candidate).ok()) return candidate;
    }
    end = begin;
  }
  return {};
}

std::string_view last_line(std::string_view text) {
  text = trimmed(text);
  const size_t at = text.rfind('\n');
  return trimmed(at == text.npos ? text : text.substr(at + 1));
}

std::optional<Language> language_of(const Problem& problem) {
  if (problem.language == "en") return Language::english;
  if (problem.language == "zh") return Language::chinese;
  return std::nullopt;
}

}  // namespace

std::string normalised_answer(const Problem& problem, std::string_view answer) {
  switch (problem.verifier) {
    case Verifier::exact:
      return one_spaced(answer);
    case Verifier::number: {
      const auto number = parse_number(trimmed(answer));
      return number ? to_string(*number) : one_spaced(answer);
    }
    case Verifier::set:
      return normalised_set(answer);
    case Verifier::countdown:
      return without_spaces(answer.substr(0, answer.find('=')));
  }
  return {};
}

bool ends_with_right_answer(const Problem& problem, std::string_view text) {
  switch (problem.verifier) {
    case Verifier::number:
      return is_right_answer(problem, last_number(text));
    case Verifier::countdown:
      return is_right_answer(problem, last_expression(text));
    case Verifier::exact:
    case Verifier::set:
      return is_right_answer(problem, last_line(text));
  }
  return false;
}

GradedSample grade_sample(const TaskSet& tasks, const Problem& problem, std::string_view text, size_t tokens,
                          bool stopped) {
  const Verdict verdict = tasks.grade(problem, text);
  const std::string_view thought = thinking_of(text);
  GradedSample out;
  out.correct = verdict.correct;
  out.correct_format_blind = verdict.correct || ends_with_right_answer(problem, text);
  out.format = verdict.format;
  out.cut_off = !stopped;
  out.reflective = count_reflective_words(text) > 0;
  out.mixed = mixes_languages(thought);
  if (const auto language = language_of(problem)) out.consistency = language_share(thought, *language);
  if (verdict.has_answer) out.vote = normalised_answer(problem, verdict.extracted);
  out.tokens = tokens;
  return out;
}

}  // namespace r1
