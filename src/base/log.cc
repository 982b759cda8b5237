#include "base/log.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/cat.h"

namespace r1 {
namespace {

// One write(2) a line, so that lines of several threads never mix. A closed standard error is not our problem.
void write_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(size_t(n));
  }
}

// A fraction that is NaN (0 of 0) counts as 0.
double clamp_fraction(double fraction) { return fraction > 0 ? std::min(fraction, 1.0) : 0.0; }

size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }
// On a terminal a line also clears what a live display left to its right.
void log_info(std::string_view line) { write_stderr(cat(line, stderr_is_terminal() ? "\x1b[K\n" : "\n")); }
void log_warning(std::string_view line) { log_info(cat("warning: ", line)); }

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string bar(double fraction, size_t width) {
  const size_t full = size_t(std::lround(clamp_fraction(fraction) * double(width)));
  return cat("[", std::string(full, '#'), std::string(width - full, '.'), "]");
}

Progress::Progress(std::string label, double interval_seconds)
    : label_(std::move(label)), interval_(interval_seconds) {}

Progress::~Progress() {
  if (drawn_) write_stderr("\n");
}

void Progress::update(double fraction, std::string_view detail) {
  const bool live = stderr_is_terminal();
  const auto now = std::chrono::steady_clock::now();
  if (last_ != decltype(last_){} && std::chrono::duration<double>(now - last_).count() < (live ? 0.1 : interval_))
    return;
  last_ = now;
  const int percent = int(std::lround(clamp_fraction(fraction) * 100));
  if (!live) return log_info(cat(label_, ": ", percent, "% ", detail));
  std::string line = cat(label_, " ", bar(fraction, 24), " ", percent, "% ", detail);
  line.resize(std::min(line.size(), terminal_width() - 1));
  write_stderr(cat("\r\x1b[K", line));
  drawn_ = true;
}

void Progress::finish(std::string_view detail) {
  if (drawn_) write_stderr("\r\x1b[K");
  drawn_ = false;
  last_ = {};
  log_info(cat(label_, ": ", detail));
}

}  // namespace r1
