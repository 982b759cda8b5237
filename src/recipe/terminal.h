// The quickstart on a terminal: a live view while it trains, and the table at its end.
//
// Everything live goes to standard error. Text assumes UTF-8.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "recipe/report.h"
#include "train/metrics.h"

namespace r1 {

// A line chart of `height` lines, each `width` characters wide, joined by newlines; labels of the y axis on the left.
// Values are spread over the width (averaged where there are more of them than room); one that is not finite is a gap.
// "" if there is no room for it or nothing to draw.
std::string small_chart(std::span<const double> values, size_t width, size_t height);

struct TerminalSize {
  size_t columns = 80, rows = 24;
};

// A named figure over the whole run: one value a step, or a slot for several steps; NaN where none is known yet.
struct LiveSeries {
  std::string title;
  std::vector<double> values;
};
struct LiveState {
  int64_t step = 0, steps = 0;
  Metrics metrics;                                    // of this step
  std::optional<std::pair<int64_t, double>> heldout;  // the last held-out pass@1 and its step
  std::optional<double> seconds_left;
  std::vector<LiveSeries> charts;
};
// "accuracy 45.0%", "length 61.2", ...: those of the figures worth showing that are there.
std::vector<std::string> live_figures(const LiveState& state);
// What the terminal shows: fewer than size.rows lines, none wider than size.columns - 1.
std::vector<std::string> live_lines(const LiveState& state, TerminalSize size);

// On a terminal, redraws in place; elsewhere, a line for about every twentieth of the run and for every held-out
// evaluation.
//
// The cursor waits on an empty line above the picture, so a line that someone else logs stays and the picture moves
// down. (Of several between two steps, all but the first may have a rest of the picture to their right.) Belongs to one
// thread.
class LiveTraining {
 public:
  explicit LiveTraining(bool terminal);
  ~LiveTraining() { finish(); }
  LiveTraining(const LiveTraining&) = delete;
  LiveTraining& operator=(const LiveTraining&) = delete;

  // REQUIRES: 0 <= step, 0 <= steps.
  void step(int64_t step, int64_t steps, const Metrics& metrics);
  // Leaves the last picture as it is and continues below it.
  void finish();

 private:
  void remember(const Metrics& metrics);

  bool terminal_;
  std::chrono::steady_clock::time_point start_;
  std::optional<int64_t> before_, last_line_;  // the step before the first one seen; the last one that got a line
  bool drawn_ = false;
  LiveState state_;
};

// The before-and-after table, columns aligned, each line ended.
std::string summary_table(const QuickstartReport& report);

}  // namespace r1
