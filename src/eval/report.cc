#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "eval/evaluate.h"

namespace r1 {
namespace {

using nlohmann::ordered_json;

void add_scores(ordered_json& j, const EvalScores& scores) {
  j["problems"] = scores.problems;
  for (const auto& [name, value] : named_scores(scores)) j[name] = value;
}

ordered_json kept_json(const KeptSample& s) {
  ordered_json j;
  j["task"] = s.task;
  j["level"] = s.level;
  j["prompt"] = s.prompt;
  j["reference"] = s.reference;
  j["completion"] = s.completion;
  j["correct"] = s.correct;
  return j;
}

std::string row(const std::string& name, const EvalScores& s) {
  char line[200];
  const auto percent = [](double share) { return 100 * share; };
  std::snprintf(line, sizeof line, "%-24.24s %8zu %7.1f +-%4.1f %7.1f %7.1f %7.1f %8.1f %7.1f %7.1f %7.1f %7.1f\n",
                name.c_str(), s.problems, percent(s.pass_at_1), percent(s.pass_at_1_error),
                percent(s.pass_at_1_format_blind), percent(s.pass_at_k), percent(s.cons_at_k), s.mean_length,
                percent(s.format), percent(s.cut_off), percent(s.reflective), percent(s.mixed));
  return line;
}

}  // namespace

std::string report_to_json(const EvalReport& report) {
  const EvalOptions& o = report.options;
  ordered_json j;
  j["task"] = report.task;
  j["samples"] = o.samples;
  j["temperature"] = ordered_json::parse(cat(o.temperature));  // 0.6, not the double nearest to the float
  j["max_new_tokens"] = o.max_new_tokens;
  j["seed"] = o.seed;
  j["banned_words"] = o.banned_words;
  add_scores(j, report.all);
  for (const auto& [task, scores] : report.by_task) add_scores(j["by_task"][task], scores);
  for (const auto& [key, scores] : report.by_level) add_scores(j["by_level"][key.first][cat(key.second)], scores);
  j["kept"] = ordered_json::array();
  for (const KeptSample& s : report.kept) j["kept"].push_back(kept_json(s));
  return j.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string report_table(const EvalReport& report) {
  char line[200];
  const std::string k = cat(report.options.samples);
  std::snprintf(line, sizeof line, "%-24s %8s %7s %6s %7s %7s %7s %8s %7s %7s %7s %7s\n", "task", "problems", "pass@1",
                "", "blind", cat("pass@", k).c_str(), cat("cons@", k).c_str(), "length", "format", "cut", "reflect",
                "mixed");
  std::string out = line;
  for (const auto& [task, scores] : report.by_task) {
    out += row(task, scores);
    for (const auto& [key, level] : report.by_level)
      if (key.first == task) out += row(cat("  level ", key.second), level);
  }
  if (report.by_task.size() != 1) out += row("all", report.all);
  return out;
}

}  // namespace r1
