#include "tasks/command_reward.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace r1 {
namespace {

using Json = nlohmann::json;

std::string lines_for(std::span<const Scored> items) {
  std::string lines;
  for (const Scored& item : items) {
    const Json line = {
        {"prompt", item.problem->prompt}, {"completion", item.completion}, {"answer", item.problem->answer}};
    lines += line.dump(-1, ' ', false, Json::error_handler_t::replace);
    lines += '\n';
  }
  return lines;
}

// Outer nullopt: not a score. Inner: an abstention.
std::optional<std::optional<double>> parse_score(std::string_view line) {
  constexpr size_t kMaxLine = 4096;
  if (line.size() > kMaxLine) return std::nullopt;
  const Json value = Json::parse(line, nullptr, false);
  const Json* score = &value;
  if (value.is_object()) {
    const auto found = value.find("score");
    if (found == value.end()) return std::nullopt;
    score = &*found;
  }
  if (score->is_null()) return std::optional<double>();
  if (!score->is_number() || !std::isfinite(score->get<double>())) return std::nullopt;
  return std::optional<double>(score->get<double>());
}

}  // namespace

Result<Scores> CommandReward::score(std::span<const Scored> items) {
  if (items.empty()) return Scores();
  TRY_ASSIGN(const std::string output, run_shell(command_, lines_for(items), limits_));
  const auto bad = [&](std::string message) {
    return Error::invalid(cat("command `", command_.substr(0, 200), "`"), std::move(message));
  };
  Scores scores;
  std::string_view rest = output;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (scores.size() == items.size()) {
      if (line.find_first_not_of(" \t") == line.npos) continue;
      return bad(cat("printed more than the ", items.size(), " lines it was given"));
    }
    const auto score = parse_score(line);
    if (!score)
      return bad(cat("line ", scores.size() + 1, " is \"", line.substr(0, 80),
                     "\"; expected a finite number or {\"score\": number}"));
    scores.push_back(*score);
  }
  if (scores.size() != items.size())
    return bad(cat("printed ", scores.size(), " lines for ", items.size(), " completions"));
  return scores;
}

}  // namespace r1
