// What a finished quickstart shows: its figures, and the page that tells them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "train/metrics.h"

namespace r1 {

// Shares are in [0, 1], lengths in tokens. A figure that is missing is NaN, and shows as a dash or a gap.
struct CurvePoint {  // held-out problems
  int64_t step = 0;
  double pass_at_1 = 0, mean_length = 0;
};
struct TrainPoint {  // a step's rollouts
  int64_t step = 0;
  double accuracy = 0, format = 0, mean_length = 0, reflective = 0, mixed = 0, entropy = 0;
};
struct SideBySide {  // one problem, as both models answered it
  std::string question, reference;
  std::string base_text, zero_text;
  bool base_correct = false, zero_correct = false;
};

struct QuickstartReport {
  Metrics base, r1_zero;                  // by the names of eval/scores.h
  Metrics base_by_task, r1_zero_by_task;  // "chain pass@1"
  std::vector<CurvePoint> curve;
  std::vector<TrainPoint> training;
  std::vector<SideBySide> examples;
  double seconds = 0;
  double on_policy_max_abs_logprob_diff = 0;
  uint64_t parameters = 0;
  uint64_t seed = 0;
  std::string config_toml;
};

// One self-contained page: no script, nothing loaded from anywhere, everything from the report escaped.
std::string report_html(const QuickstartReport& report);

// A row of the before-and-after table, as text ("31.2%"); a dash where a model lacks the figure. The rows are those of
// `base` in their order, then what only `r1_zero` has; "NAME_error" becomes NAME's error.
struct ScoreRow {
  std::string name, label, note;
  std::string base, r1_zero, change;      // change: points for shares, a factor for lengths
  std::string base_error, r1_zero_error;  // "" if unknown
};
std::vector<ScoreRow> score_rows(const Metrics& base, const Metrics& r1_zero);

// Figures as text. Rounded to `digits` after the point; a dash for what is not finite.
std::string number_text(double value, int digits);
std::string percent_text(double share);     // "31.2%"
std::string duration_text(double seconds);  // "48 s", "6 min 12 s", "2 h 5 min"
std::string count_text(uint64_t count);     // "671,026,419,200"

// Whether a chart can show the value: it is finite, and no larger than 1e15 either way.
bool drawable(double value);

}  // namespace r1
