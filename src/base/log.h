// Progress and logs go to standard error, results to standard output.
// Thread safety: each line is written whole; Progress belongs to one thread.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

namespace r1 {

void log_info(std::string_view line);
void log_warning(std::string_view line);  // "warning: LINE"
bool stderr_is_terminal();

double seconds_since(std::chrono::steady_clock::time_point start);

// One live line on a terminal, redrawn in place; elsewhere a plain line at most every `interval` seconds.
class Progress {
 public:
  explicit Progress(std::string label, double interval_seconds = 10);
  ~Progress();
  // fraction in [0, 1]; detail is free text ("loss 1.23, 41k tokens/s").
  void update(double fraction, std::string_view detail);
  // Leaves the last state as a line and starts afresh below it.
  void finish(std::string_view detail);

 private:
  std::string label_;
  double interval_;
  std::chrono::steady_clock::time_point last_{};
  bool drawn_ = false;
};

// "[#####.....]" of `width` characters between the brackets.
std::string bar(double fraction, size_t width);

}  // namespace r1
