#include "tasks/grade.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "tasks/expression.h"

namespace r1 {
namespace {

constexpr size_t kMaxAnswer = 4096;
constexpr std::string_view kSpace = " \t\r\n";
constexpr std::array<std::string_view, 4> kTags = {"<think>", "</think>", "<answer>", "</answer>"};
constexpr std::array kVerifiers = {Verifier::exact, Verifier::number, Verifier::set, Verifier::countdown};
constexpr std::array<std::string_view, 4> kVerifierNames = {"exact", "number", "set", "countdown"};

std::string_view trimmed(std::string_view s) {
  const auto first = s.find_first_not_of(kSpace);
  if (first == s.npos) return {};
  return s.substr(first, s.find_last_not_of(kSpace) - first + 1);
}

bool is_blank(std::string_view s) { return s.find_first_not_of(kSpace) == s.npos; }

// Where the last "so" (a word of its own) or 所以 begins and ends.
struct Range {
  size_t begin, end;
};
std::optional<Range> last_so(std::string_view text) {
  constexpr std::string_view kChinese = "所以";
  std::optional<Range> found;
  if (const auto at = text.rfind(kChinese); at != text.npos) found = Range{at, at + kChinese.size()};
  for (size_t at = text.rfind("so"); at != text.npos; at = text.rfind("so", at - 1)) {
    const bool starts = at == 0 || kSpace.find(text[at - 1]) != kSpace.npos;
    const bool ends = at + 2 == text.size() || kSpace.find(text[at + 2]) != kSpace.npos;
    if (starts && ends) {
      if (!found || found->begin < at) found = Range{at, at + 2};
      break;
    }
    if (at == 0) break;
  }
  return found;
}

struct Answer {
  bool tagged = false;
  std::optional<std::string_view> text;
};

// The last closed <answer>; if one is opened but never closed, none. Untagged: what follows the last "so".
Answer extract(std::string_view completion) {
  if (completion.find("<answer>") == completion.npos) {
    const auto so = last_so(completion);
    return {false, so ? std::optional(trimmed(completion.substr(so->end))) : std::nullopt};
  }
  const auto close = completion.rfind("</answer>");
  if (close == completion.npos || close == 0) return {true, std::nullopt};
  const auto open = completion.rfind("<answer>", close - 1);
  if (open == completion.npos || open + 8 > close) return {true, std::nullopt};
  return {true, trimmed(completion.substr(open + 8, close - open - 8))};
}

std::string one_spaced(std::string_view text) {
  std::string out;
  for (char c : trimmed(text)) {
    const bool space = kSpace.find(c) != kSpace.npos;
    if (space && out.back() == ' ') continue;
    out += space ? ' ' : c;
  }
  return out;
}

// Items between commas, each in one written form: numbers in lowest terms, other text with single spaces. One pair of
// brackets around the whole is ignored.
std::optional<std::set<std::string>> items_of(std::string_view text) {
  text = trimmed(text);
  constexpr std::string_view kOpen = "{[(", kClose = "}])";
  if (text.size() >= 2) {
    const auto bracket = kOpen.find(text.front());
    if (bracket != kOpen.npos && text.back() == kClose[bracket]) text = trimmed(text.substr(1, text.size() - 2));
  }
  std::set<std::string> items;
  if (text.empty()) return items;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = trimmed(text.substr(begin, end - begin));
    if (item.empty()) return std::nullopt;
    const auto number = parse_number(item);
    items.insert(number ? to_string(*number) : one_spaced(item));
    begin = end + 1;
  }
  return items;
}

std::string_view cut_to_characters(std::string_view s, size_t limit) {
  if (s.size() <= limit) return s;
  while (limit > 0 && (static_cast<unsigned char>(s[limit]) & 0xC0) == 0x80) --limit;
  return s.substr(0, limit);
}

}  // namespace

bool has_r1_format(std::string_view completion) {
  std::array<size_t, 4> at;
  for (size_t i = 0; i < kTags.size(); ++i) {
    at[i] = completion.find(kTags[i]);
    if (at[i] == completion.npos || completion.find(kTags[i], at[i] + 1) != completion.npos) return false;
    if (i > 0 && at[i] < at[i - 1] + kTags[i - 1].size()) return false;
  }
  const size_t after_think = at[1] + kTags[1].size();
  return is_blank(completion.substr(0, at[0])) && is_blank(completion.substr(after_think, at[2] - after_think)) &&
         is_blank(completion.substr(at[3] + kTags[3].size()));
}

std::string_view thinking_of(std::string_view completion) {
  if (const auto open = completion.find("<think>"); open != completion.npos) {
    const std::string_view rest = completion.substr(open + kTags[0].size());
    return rest.substr(0, std::min(rest.find("</think>"), rest.size()));
  }
  if (const auto answer = completion.find("<answer>"); answer != completion.npos) return completion.substr(0, answer);
  const auto so = last_so(completion);
  return completion.substr(0, so ? so->begin : completion.size());
}

bool is_right_answer(const Problem& problem, std::string_view answer) {
  if (answer.size() > kMaxAnswer) return false;
  switch (problem.verifier) {
    case Verifier::exact:
      return one_spaced(answer) == one_spaced(problem.answer);
    case Verifier::number: {
      const auto given = parse_number(answer), wanted = parse_number(problem.answer);
      return given && wanted && *given == *wanted;
    }
    case Verifier::set: {
      const auto given = items_of(answer), wanted = items_of(problem.answer);
      return given && wanted && *given == *wanted;
    }
    case Verifier::countdown: {
      const auto reference = parse_expression(problem.answer);
      return reference.ok() && check_countdown(answer, reference->numbers, reference->value).ok();
    }
  }
  return false;
}

Status check_reference(const Problem& problem) {
  if (trimmed(problem.answer).empty()) return Error::invalid("answer", "is empty");
  if (problem.answer.size() > kMaxAnswer)
    return Error::invalid("answer", cat("is ", problem.answer.size(), " bytes; at most ", kMaxAnswer));
  if (problem.verifier == Verifier::number && !parse_number(problem.answer))
    return Error::invalid("answer", cat("is \"", problem.answer,
                                        "\"; the verifier \"number\" needs an integer, decimal or fraction that fits "
                                        "64-bit fractions"));
  if (problem.verifier == Verifier::set && !items_of(problem.answer))
    return Error::invalid("answer", cat("is \"", problem.answer, "\"; a set needs an item between commas"));
  if (problem.verifier == Verifier::countdown)
    if (const auto reference = parse_expression(problem.answer); !reference.ok())
      return Error::invalid("answer", cat("is \"", problem.answer, "\"; the verifier \"countdown\" needs a right ",
                                          "expression, but it ", reference.error().message));
  return {};
}

Verdict grade(const Problem& problem, std::string_view completion) {
  Verdict verdict;
  verdict.format = has_r1_format(completion);
  const Answer answer = extract(completion);
  verdict.tagged = answer.tagged;
  verdict.has_answer = answer.text.has_value() && !answer.text->empty();
  if (!verdict.has_answer) return verdict;
  verdict.extracted = cut_to_characters(*answer.text, kMaxAnswer);
  verdict.correct = is_right_answer(problem, *answer.text);
  return verdict;
}

std::string_view verifier_name(Verifier verifier) { return kVerifierNames[size_t(verifier)]; }

Result<Verifier> parse_verifier(std::string_view name) {
  for (Verifier v : kVerifiers)
    if (verifier_name(v) == name) return v;
  return Error::invalid("verifier", cat("is \"", name, "\"; expected exact, number, set or countdown"));
}

}  // namespace r1
