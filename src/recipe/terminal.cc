#include "recipe/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/log.h"

namespace r1 {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMaxSlots = 512;  // of a live series
constexpr size_t kChartHeight = 6;

// Characters, in text of ours (one cell each).
size_t cells(std::string_view text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}
std::string first_cells(std::string_view text, size_t count) {
  size_t end = 0;
  for (; end < text.size() && (count > 0 || (text[end] & 0xC0) == 0x80); ++end) count -= (text[end] & 0xC0) != 0x80;
  return std::string(text.substr(0, end));
}
std::string padded(std::string_view text, size_t width) {
  return cat(text, std::string(width - std::min(width, cells(text)), ' '));
}
std::string right(std::string_view text, size_t width) {
  return cat(std::string(width - std::min(width, cells(text)), ' '), text);
}

// A raster of braille dots, two across and four down to a character.
class Canvas {
 public:
  Canvas(size_t columns, size_t rows) : columns_(columns), rows_(rows), masks_(columns * rows) {}
  int width() const { return int(2 * columns_); }
  int height() const { return int(4 * rows_); }

  void dot(int x, int y) {
    constexpr uint8_t kBits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    masks_[size_t(y / 4) * columns_ + size_t(x / 2)] |= kBits[y % 4][x % 2];
  }
  void line(int x0, int y0, int x1, int y1) {
    const int steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
    for (int i = 0; i <= steps; ++i)
      dot(int(std::lround(x0 + double(x1 - x0) * i / steps)), int(std::lround(y0 + double(y1 - y0) * i / steps)));
  }
  std::string row(size_t row) const {
    std::string out;
    for (size_t c = 0; c < columns_; ++c) {
      const uint8_t mask = masks_[row * columns_ + c];
      // U+2800 + mask; nothing at all is a plain space.
      out += mask == 0 ? " " : std::string{'\xE2', char(0xA0 | mask >> 6), char(0x80 | (mask & 0x3F))};
    }
    return out;
  }

 private:
  size_t columns_, rows_;
  std::vector<uint8_t> masks_;
};

std::string axis_label(double value, double range) {
  if (range < 0.02 || std::abs(value) >= 1e5) {
    char buffer[32];
    return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 3).ptr);
  }
  return number_text(value, range < 2 ? 2 : range < 20 ? 1 : 0);
}

double mean_of(std::span<const double> values) {
  double sum = 0, count = 0;
  for (const double v : values)
    if (drawable(v)) sum += v, count += 1;
  return count > 0 ? sum / count : kNothing;
}

// What a live view shows of a step.
enum class Form : uint8_t { percent, tenths, thousandths };
struct Figure {
  std::string_view metric, label;
  Form form;
};
constexpr std::array kFigures = {Figure{"rewards/accuracy/mean", "accuracy", Form::percent},
                                 Figure{"reward", "reward", Form::thousandths},
                                 Figure{"completions/mean_length", "length", Form::tenths},
                                 Figure{"rewards/format/mean", "format", Form::percent},
                                 Figure{"completions/reflective_share", "reflective", Form::percent},
                                 Figure{"loss", "loss", Form::thousandths}};

// The charts, each of the first of its metrics that the run has.
struct Charted {
  std::string_view metric, title;
  double scale;
};
constexpr Charted kClimb[] = {
    {"rewards/accuracy/mean", "accuracy, %", 100}, {"reward", "reward", 1}, {"loss", "loss", 1}};
constexpr Charted kLength[] = {{"completions/mean_length", "response length, tokens", 1}};

const double* find(const Metrics& metrics, std::string_view name) {
  for (const auto& [key, value] : metrics)
    if (key == name) return &value;
  return nullptr;
}

std::string left_text(const LiveState& state) {
  return state.seconds_left ? cat("about ", duration_text(*state.seconds_left), " left") : "";
}

// Items two spaces apart, as many on a line as fit.
std::vector<std::string> flowed(const std::vector<std::string>& items, size_t width) {
  std::vector<std::string> lines;
  for (const std::string& item : items) {
    if (!lines.empty() && cells(lines.back()) + 2 + cells(item) <= width)
      lines.back() += cat("  ", item);
    else
      lines.push_back(item);
  }
  return lines;
}

// The charts beside each other, or one below the other on a narrow terminal; those that fit.
std::vector<std::string> chart_lines(const std::vector<LiveSeries>& charts, size_t width, size_t room) {
  constexpr size_t kGap = 3, kLeast = 30, kMost = 60;
  const bool beside = width >= 2 * kLeast + kGap;
  const size_t each = std::min(kMost, beside ? (width - kGap) / 2 : width);
  std::vector<std::string> out;
  bool joins = false;  // the next chart goes to the right of the last
  for (const LiveSeries& chart : charts) {
    const std::string drawn = small_chart(chart.values, each, kChartHeight);
    if (drawn.empty() || (!joins && out.size() + kChartHeight + 1 > room)) continue;
    std::vector<std::string> lines = {padded(first_cells(chart.title, each), each)};
    for (size_t at = 0; at <= drawn.size(); at = std::min(drawn.find('\n', at), drawn.size()) + 1)
      lines.push_back(drawn.substr(at, drawn.find('\n', at) - at));
    const size_t top = joins ? out.size() - lines.size() : out.size();
    if (!joins) out.resize(out.size() + lines.size());
    for (size_t i = 0; i < lines.size(); ++i) out[top + i] += cat(joins ? "   " : "", lines[i]);
    joins = beside && !joins;
  }
  return out;
}

TerminalSize terminal_size() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

// In one write(2) if it can be, so that a half-drawn picture is never seen.
void write_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(size_t(n));
  }
}

}  // namespace

std::string small_chart(std::span<const double> values, size_t width, size_t height) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double v : values)
    if (drawable(v)) low = std::min(low, v), high = std::max(high, v);
  if (low > high || height == 0) return "";
  if (low == high) {
    const double around = low == 0 ? 1 : std::abs(low) * 0.1;
    low -= around, high += around;
  }
  const std::string top = axis_label(high, high - low), bottom = axis_label(low, high - low);
  const size_t label = std::max(cells(top), cells(bottom));
  if (width < label + 4) return "";

  Canvas canvas(width - label - 2, height);
  const size_t points = std::min(values.size(), size_t(canvas.width()));
  int last_x = 0, last_y = -1;
  for (size_t i = 0; i < points; ++i) {
    const size_t begin = i * values.size() / points, end = (i + 1) * values.size() / points;
    const double v = mean_of(values.subspan(begin, end - begin));
    const int x = points == 1 ? 0 : int(i * size_t(canvas.width() - 1) / (points - 1));
    const int y = std::isnan(v) ? -1 : int(std::lround((high - v) / (high - low) * (canvas.height() - 1)));
    if (y >= 0) canvas.line(last_y < 0 ? x : last_x, last_y < 0 ? y : last_y, x, y);
    last_x = x, last_y = y;
  }
  std::string out;
  for (size_t r = 0; r < height; ++r) {
    const bool labelled = r == 0 || r + 1 == height;
    out += cat(r == 0 ? "" : "\n",
               right(r == 0     ? top
                     : labelled ? bottom
                                : "",
                     label),
               labelled ? " ┤" : " │", canvas.row(r));
  }
  return out;
}

std::vector<std::string> live_figures(const LiveState& state) {
  std::vector<std::string> out;
  const bool has_accuracy = find(state.metrics, kFigures[0].metric) != nullptr;
  for (const Figure& f : kFigures) {
    const double* value = find(state.metrics, f.metric);
    if (!value || (has_accuracy && (f.metric == "reward" || f.metric == "loss"))) continue;
    out.push_back(
        cat(f.label, " ",
            f.form == Form::percent ? percent_text(*value) : number_text(*value, f.form == Form::tenths ? 1 : 3)));
  }
  if (state.heldout)
    out.push_back(cat("held-out pass@1 ", percent_text(state.heldout->second), " (step ", state.heldout->first, ")"));
  return out;
}

std::vector<std::string> live_lines(const LiveState& state, TerminalSize size) {
  const size_t width = size.columns > 1 ? size.columns - 1 : 1, rows = size.rows > 2 ? size.rows - 1 : 1;
  const double fraction = state.steps > 0 ? double(state.step) / double(state.steps) : 1;
  std::vector<std::string> head = {cat("step ", state.step, " of ", state.steps)};
  if (const std::string left = left_text(state); !left.empty()) head.push_back(left);
  const size_t bar_room = width - std::min(width, cells(head[0]) + 4);
  if (bar_room >= 8) head.insert(head.begin(), bar(fraction, std::min<size_t>(bar_room, 32)));
  std::vector<std::string> lines = flowed(head, width);
  for (std::string& line : flowed(live_figures(state), width)) lines.push_back(std::move(line));
  for (std::string& line : chart_lines(state.charts, width, rows - std::min(rows, lines.size())))
    lines.push_back(std::move(line));
  lines.resize(std::min(lines.size(), rows));
  for (std::string& line : lines) line = first_cells(line, width);
  return lines;
}

LiveTraining::LiveTraining(bool terminal) : terminal_(terminal), start_(std::chrono::steady_clock::now()) {
  const char* kind = std::getenv("TERM");
  if (!kind || std::string_view(kind) == "dumb") terminal_ = false;
}

void LiveTraining::remember(const Metrics& metrics) {
  state_.metrics = metrics;
  if (const double* pass = find(metrics, "eval/pass@1")) state_.heldout = {state_.step, *pass};
  const size_t slots = size_t(std::clamp<int64_t>(state_.steps, 1, kMaxSlots));
  const size_t slot = size_t(double(std::clamp<int64_t>(state_.step, 1, std::max<int64_t>(state_.steps, 1)) - 1) /
                             double(std::max<int64_t>(state_.steps, 1)) * double(slots));
  size_t chart = 0;
  for (const std::span<const Charted> choices : {std::span<const Charted>(kClimb), std::span<const Charted>(kLength)})
    for (const Charted& choice : choices) {
      const double* value = find(metrics, choice.metric);
      if (!value) continue;
      if (state_.charts.size() <= chart) state_.charts.push_back({std::string(choice.title), {}});
      state_.charts[chart].values.resize(slots, kNothing);
      state_.charts[chart++].values[std::min(slot, slots - 1)] = *value * choice.scale;
      break;
    }
}

void LiveTraining::step(int64_t step, int64_t steps, const Metrics& metrics) {
  const auto now = std::chrono::steady_clock::now();
  if (!before_) before_ = step - 1;
  state_.step = step, state_.steps = steps;
  remember(metrics);
  const double each =
      std::chrono::duration<double>(now - start_).count() / double(std::max<int64_t>(step - *before_, 1));
  state_.seconds_left = step < steps ? std::optional(each * double(steps - step)) : std::nullopt;

  if (!terminal_) {
    const bool due = !last_line_ || step - *last_line_ >= std::max<int64_t>(steps / 20, 1) || step >= steps;
    if (!due && !find(metrics, "eval/pass@1")) return;
    last_line_ = step;
    std::string line = cat("step ", step, " of ", steps, ":");
    const char* separator = " ";
    for (const std::string& figure : live_figures(state_)) line += cat(separator, figure), separator = ", ";
    if (state_.seconds_left) line += cat(separator, left_text(state_));
    return log_info(line);
  }
  drawn_ = true;
  const std::vector<std::string> lines = live_lines(state_, terminal_size());
  std::string picture = "\r\x1b[K";
  for (const std::string& line : lines) picture += cat("\n", line, "\x1b[K");
  write_stderr(cat(picture, "\x1b[J\x1b[", lines.size(), "A\r"));
}

void LiveTraining::finish() {
  if (!drawn_) return;
  drawn_ = false;
  std::string picture = "\r\x1b[K";
  for (const std::string& line : live_lines(state_, terminal_size())) picture += cat("\n", line, "\x1b[K");
  write_stderr(cat(picture, "\n\x1b[J"));
}

std::string summary_table(const QuickstartReport& report) {
  std::vector<ScoreRow> rows = score_rows(report.base, report.r1_zero);
  for (ScoreRow& row : score_rows(report.base_by_task, report.r1_zero_by_task)) rows.push_back(std::move(row));
  rows.insert(rows.begin(), ScoreRow{"", "held-out problems", "", "base", "R1-Zero", "change", "", ""});
  size_t label = 0, base = 0, zero = 0, change = 0;
  for (const ScoreRow& r : rows) {
    label = std::max(label, cells(r.label)), base = std::max(base, cells(r.base));
    zero = std::max(zero, cells(r.r1_zero)), change = std::max(change, cells(r.change));
  }
  std::string out;
  for (const ScoreRow& r : rows)
    out += cat(padded(r.label, label), "  ", right(r.base, base), "  ", right(r.r1_zero, zero), "  ",
               right(r.change, change), "\n");
  return out;
}

}  // namespace r1
