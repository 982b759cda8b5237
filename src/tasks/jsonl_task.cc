#include "tasks/jsonl_task.h"

#include <nlohmann/json.hpp>

#include "tasks/countdown.h"
#include "tasks/expression.h"
#include "tasks/grade.h"

namespace r1 {
namespace {

using Json = nlohmann::json;

// Printing recurses, so what is nested deeper than a list is only named.
std::string shown(const Json& value) {
  if (value.is_structured())
    for (const Json& item : value)
      if (item.is_structured()) return cat("a nested ", value.type_name());
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= 80 ? text : text.substr(0, 77) + "...";
}

std::string one_spaced(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string task_name(std::string_view path) {
  if (const auto slash = path.rfind('/'); slash != path.npos) path.remove_prefix(slash + 1);
  if (path.ends_with(".jsonl")) path.remove_suffix(6);
  return std::string(path);
}

Result<std::string> text_field(const Json& row, const std::string& field, bool numbers_too) {
  const auto found = row.find(field);
  const std::string_view expected = numbers_too ? "a string or a number" : "a string";
  if (found == row.end()) return Error::invalid(field, cat("is missing; expected ", expected));
  if (numbers_too && found->is_number()) return found->dump();
  if (!found->is_string()) return Error::invalid(field, cat("is ", shown(*found), "; expected ", expected));
  auto text = found->get<std::string>();
  if (one_spaced(text).empty()) return Error::invalid(field, "is empty");
  return text;
}

// "nums" and "target" beside the reference expression.
Status check_given(const Json& row, const Expression& reference) {
  if (const auto target = row.find("target"); target != row.end())
    if (!target->is_number_integer() || reference.value != Rational{target->get<int64_t>(), 1})
      return Error::invalid("target",
                            cat("is ", shown(*target), ", but the answer makes ", to_string(reference.value)));
  if (const auto nums = row.find("nums"); nums != row.end()) {
    std::vector<int64_t> given, used = reference.numbers;
    if (nums->is_array())
      for (const Json& n : *nums)
        if (n.is_number_integer()) given.push_back(n.get<int64_t>());
    std::sort(given.begin(), given.end());
    std::sort(used.begin(), used.end());
    if (!nums->is_array() || given.size() != nums->size() || given != used)
      return Error::invalid("nums", cat("is ", shown(*nums), ", but the answer uses other numbers"));
  }
  return {};
}

Result<Problem> parse_row(std::string_view line, const JsonlOptions& options) {
  const Json row = Json::parse(line, nullptr, false);
  if (row.is_discarded()) return Error::corrupt("", cat("is not JSON: ", line.substr(0, 80)));
  if (!row.is_object()) return Error::invalid("", cat("is ", shown(row), "; expected an object"));
  Problem problem;
  TRY_ASSIGN(problem.prompt, text_field(row, options.prompt_field, false));
  TRY_ASSIGN(problem.answer, text_field(row, options.answer_field, true));
  if (const auto level = row.find("level"); level != row.end() && !level->is_null()) {
    if (!level->is_number_integer() || level->get<double>() < -1e9 || level->get<double>() > 1e9)
      return Error::invalid("level", cat("is ", shown(*level), "; expected an integer"));
    problem.level = level->get<int>();
  }
  problem.verifier = options.verifier;
  if (row.contains("verifier")) {
    TRY_ASSIGN(const std::string name, text_field(row, "verifier", false));
    TRY_ASSIGN(problem.verifier, parse_verifier(name));
  }
  if (row.contains("language")) {
    TRY_ASSIGN(problem.language, text_field(row, "language", false));
    if (problem.language != "en" && problem.language != "zh")
      return Error::invalid("language", cat("is \"", problem.language, "\"; expected \"en\" or \"zh\""));
  }
  if (const Status usable = check_reference(problem); !usable.ok()) return usable.error();
  problem.canonical = one_spaced(problem.prompt);
  if (problem.verifier == Verifier::countdown) {
    TRY_ASSIGN(const Expression reference, parse_expression(problem.answer));
    TRY(check_given(row, reference));
    if (reference.value.den == 1) problem.canonical = countdown_canonical(reference.numbers, reference.value.num);
  }
  return problem;
}

}  // namespace

Result<std::vector<Problem>> parse_jsonl_problems(std::string_view text, const std::string& path,
                                                  const JsonlOptions& options) {
  std::vector<Problem> problems;
  const std::string task = task_name(path);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    auto problem = parse_row(line, options);
    if (!problem.ok()) return problem.error().within(cat(path, ", line ", number));
    problem->task = task;
    problems.push_back(std::move(*problem));
  }
  if (problems.empty()) return Error::invalid(path, "holds no problem; expected one JSON object a line");
  return problems;
}

}  // namespace r1
