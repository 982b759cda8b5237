#include "recipe/terminal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/log.h"

namespace r1 {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at <= text.size(); at = std::min(text.find('\n', at), text.size()) + 1)
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  return lines;
}

size_t cells(const std::string& text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

Metrics rl_metrics(double accuracy) {
  return {{"rewards/accuracy/mean", accuracy},
          {"completions/mean_length", 61.25},
          {"rewards/format/mean", 0.8},
          {"completions/reflective_share", 0.33},
          {"reward", 0.6},
          {"loss", 0}};
}

LiveState sample() {
  LiveState s{
      40, 80, rl_metrics(0.45), std::pair<int64_t, double>{40, 0.5}, 95.0, {{"accuracy, %", {}}, {"length", {}}}};
  for (int i = 0; i < 40; ++i) s.charts[0].values.push_back(i), s.charts[1].values.push_back(100 - i);
  return s;
}

TEST(SmallChart, DrawsAClimb) {
  const std::vector<double> values = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(small_chart(values, 9, 2), "7.0 ┤  ⡠⠊\n0.0 ┤⡠⠊  ");
}

TEST(SmallChart, EveryLineHasItsWidth) {
  for (size_t n : {1, 2, 7, 60, 1000})
    for (size_t width : {9, 10, 33, 80}) {
      std::vector<double> values;
      for (size_t i = 0; i < n; ++i) values.push_back(std::sin(double(i)) * 1234.5);
      const auto lines = split(small_chart(values, width, 5));
      ASSERT_EQ(lines.size(), 5u);
      for (const std::string& line : lines) EXPECT_EQ(cells(line), width) << line;
    }
}

TEST(SmallChart, GapsStayEmptyAndFlatLinesHaveAMiddle) {
  const double nan = std::nan("");
  const std::string gap = small_chart(std::vector<double>{1, nan, nan, nan, nan, nan, nan, 2}, 10, 2);
  EXPECT_EQ(gap, "2.00 ┤   ⠈\n1.00 ┤⡀   ");
  EXPECT_EQ(small_chart(std::vector<double>{5, 5}, 10, 1), "5.50 ┤⠤⠤⠤⠤");
}

TEST(SmallChart, NothingToDrawOrNoRoom) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(small_chart({}, 40, 5), "");
  EXPECT_EQ(small_chart(std::vector<double>{nan, inf, -inf, 1e300}, 40, 5), "");
  EXPECT_EQ(small_chart(std::vector<double>{1, 2}, 40, 0), "");
  EXPECT_EQ(small_chart(std::vector<double>{1, 2}, 5, 5), "");
  EXPECT_NE(small_chart(std::vector<double>{1e15, -1e15, 1e-300, inf}, 40, 5), "");
}

TEST(LiveFigures, OnlyWhatIsThere) {
  LiveState s;
  EXPECT_TRUE(live_figures(s).empty());
  s.metrics = {{"loss", 1.25}};
  EXPECT_EQ(live_figures(s), std::vector<std::string>{"loss 1.250"});
  s.metrics = {{"reward", 0.5}, {"loss", std::nan("")}};
  EXPECT_EQ(live_figures(s), (std::vector<std::string>{"reward 0.500", "loss –"}));
  EXPECT_EQ(live_figures(sample()), (std::vector<std::string>{"accuracy 45.0%", "length 61.2", "format 80.0%",
                                                              "reflective 33.0%", "held-out pass@1 50.0% (step 40)"}));
}

TEST(LiveLines, FitEveryTerminal) {
  for (size_t columns : {1, 2, 10, 31, 32, 64, 80, 200})
    for (size_t rows : {1, 2, 3, 8, 12, 24, 60}) {
      const auto lines = live_lines(sample(), {columns, rows});
      ASSERT_FALSE(lines.empty());
      EXPECT_LE(lines.size(), std::max<size_t>(rows, 2) - 1) << columns << " x " << rows;
      for (const std::string& line : lines) EXPECT_LE(cells(line), std::max<size_t>(columns, 2) - 1) << line;
    }
}

TEST(LiveLines, WideTerminalsHaveBarFiguresAndChartsSideBySide) {
  const auto lines = live_lines(sample(), {100, 24});
  ASSERT_EQ(lines.size(), 9u);
  EXPECT_EQ(lines[0], "[################................]  step 40 of 80  about 1 min 35 s left");
  EXPECT_EQ(lines[1].substr(0, 14), "accuracy 45.0%");
  EXPECT_NE(lines[2].find("accuracy, %"), std::string::npos);
  EXPECT_NE(lines[2].find("length"), std::string::npos);
  EXPECT_NE(lines[3].find("39 ┤"), std::string::npos);
  EXPECT_NE(lines[3].find("100 ┤"), std::string::npos);
}

TEST(LiveLines, NarrowOnesHaveThemOneBelowTheOther) {
  const auto lines = live_lines(sample(), {45, 40});
  const auto at = [&](const char* text) {
    return std::find_if(lines.begin(), lines.end(), [&](const std::string& l) { return l.find(text) == 0; }) -
           lines.begin();
  };
  EXPECT_EQ(at("length  "), at("accuracy, %") + 7);
  EXPECT_EQ(size_t(at("length  ")) + 7, lines.size());
}

TEST(LiveTraining, AwayFromATerminalPlainLines) {
  testing::internal::CaptureStderr();
  {
    LiveTraining live(false);
    for (int64_t step = 1; step <= 100; ++step) {
      Metrics m = rl_metrics(double(step) / 100);
      if (step == 7) m.push_back({"eval/pass@1", 0.25});
      live.step(step, 100, m);
    }
    live.finish();
  }
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_EQ(out.find('\x1b'), out.npos);
  const auto lines = split(out);
  EXPECT_EQ(lines.front().find("step 1 of 100: accuracy 1.0%, length 61.2, format 80.0%, reflective 33.0%, about "),
            0u);
  EXPECT_EQ(lines[1].find("step 6 of 100: "), 0u);
  EXPECT_EQ(lines[2].find("step 7 of 100: "), 0u);
  EXPECT_NE(lines[2].find("held-out pass@1 25.0% (step 7)"), std::string::npos);
  EXPECT_EQ(
      lines[lines.size() - 2],
      "step 100 of 100: accuracy 100.0%, length 61.2, format 80.0%, reflective 33.0%, held-out pass@1 25.0% (step 7)");
  EXPECT_EQ(lines.size(), 23u);  // 1, 6, 7, 12, 17, ..., 97, 100 and what follows the last newline
}

TEST(LiveTraining, OnATerminalOnePictureRedrawnInPlace) {
  ::setenv("TERM", "xterm", 1);
  testing::internal::CaptureStderr();
  {
    LiveTraining live(true);
    live.step(1, 2, rl_metrics(0.1));
    live.step(2, 2, rl_metrics(0.2));
  }
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_EQ(out.substr(0, 4), "\r\x1b[K");
  EXPECT_NE(out.find("\x1b[J\x1b["), out.npos);       // parked above the picture
  EXPECT_EQ(out.substr(out.size() - 4), "\n\x1b[J");  // the end: below it
  EXPECT_NE(out.rfind("accuracy 20.0%"), out.npos);   // the last state is what stays
  EXPECT_EQ(out.find("\x1b[2J"), out.npos);           // nothing is wiped
  EXPECT_EQ(out.find("\x1b[?"), out.npos);            // no mode is changed
}

// As much of a terminal as LiveTraining needs; a byte other than these is a failure.
class Screen {
 public:
  explicit Screen(size_t rows) : lines_(rows) {}

  void feed(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '\r') {
        column_ = 0;
      } else if (c == '\n') {
        column_ = 0;
        if (++row_ == lines_.size()) {
          scrolled_.push_back(lines_[0]);
          lines_.erase(lines_.begin());
          lines_.emplace_back();
          --row_;
        }
      } else if (c == '\x1b') {
        i = escape(text, i + 1);
      } else if ((c & 0xC0) != 0x80) {  // a character counts one cell, whatever its bytes
        lines_[row_].resize(std::max(lines_[row_].size(), column_ + 1), ' ');
        lines_[row_][column_++] = c;
      }
    }
  }
  std::vector<std::string> everything() const {
    std::vector<std::string> out = scrolled_;
    out.insert(out.end(), lines_.begin(), lines_.end());
    while (!out.empty() && out.back().empty()) out.pop_back();
    return out;
  }

 private:
  size_t escape(std::string_view text, size_t i) {
    EXPECT_EQ(text[i++], '[');
    size_t n = 0;
    for (; text[i] >= '0' && text[i] <= '9'; ++i) n = n * 10 + size_t(text[i] - '0');
    if (text[i] == 'A') {
      row_ -= std::min(row_, n);
    } else {
      EXPECT_TRUE(text[i] == 'K' || text[i] == 'J') << text[i];
      lines_[row_].resize(std::min(lines_[row_].size(), column_));
      if (text[i] == 'J')
        for (size_t r = row_ + 1; r < lines_.size(); ++r) lines_[r].clear();
    }
    return i;
  }

  std::vector<std::string> lines_, scrolled_;
  size_t row_ = 0, column_ = 0;
};

TEST(LiveTraining, LinesLoggedMeanwhileStayAndNoGhostIsLeft) {
  ::setenv("TERM", "xterm", 1);
  for (const int before : {0, 3, 23, 40}) {  // the picture in the middle of the screen, at its end, and scrolling
    testing::internal::CaptureStderr();
    for (int i = 0; i < before; ++i) log_info("earlier");
    {
      LiveTraining live(true);
      live.step(1, 2, rl_metrics(0.1));
      log_warning("most groups are equal");
      live.step(2, 2, rl_metrics(0.2));
      log_info("and another line");
    }
    log_info("after");
    Screen screen(24);
    screen.feed(testing::internal::GetCapturedStderr());
    const auto lines = screen.everything();
    const auto times = [&](std::string_view part) {
      return std::count_if(lines.begin(), lines.end(), [&](const std::string& l) { return l.find(part) != l.npos; });
    };
    EXPECT_EQ(times("earlier"), before);
    EXPECT_EQ(times("warning: most groups are equal"), 1);
    EXPECT_EQ(times("and another line"), 1);
    EXPECT_EQ(times("of 2"), 1);
    EXPECT_EQ(times("accuracy 20.0%"), 1);
    EXPECT_EQ(times("accuracy, %"), 1);
    EXPECT_EQ(lines.back(), "after");
  }
}

TEST(LiveTraining, ADumbTerminalGetsPlainLines) {
  ::setenv("TERM", "dumb", 1);
  testing::internal::CaptureStderr();
  LiveTraining live(true);
  live.step(1, 1, rl_metrics(0.1));
  EXPECT_EQ(testing::internal::GetCapturedStderr().find('\x1b'), std::string::npos);
}

TEST(LiveTraining, TakesStepNumbersOfAnySize) {
  testing::internal::CaptureStderr();
  LiveTraining live(false);
  live.step(41, 80, rl_metrics(0.1));  // a resumed run
  live.step(0, 0, {});
  live.step(9, 3, {{"loss", std::nan("")}});
  live.step(std::numeric_limits<int64_t>::max() - 1, std::numeric_limits<int64_t>::max(), rl_metrics(1));
  EXPECT_EQ(testing::internal::GetCapturedStderr().find("step 41 of 80: "), 0u);
}

TEST(SummaryTable, ColumnsAreAligned) {
  QuickstartReport r;
  r.base = {{"pass@1", 0.312}, {"pass@1_error", 0.01}, {"mean_length", 38.2}};
  r.r1_zero = {{"pass@1", 0.921}, {"mean_length", 84.6}};
  r.base_by_task = {{"chain pass@1", 0.38}};
  EXPECT_EQ(summary_table(r),
            "held-out problems   base  R1-Zero  change\n"
            "pass@1             31.2%    92.1%   +60.9\n"
            "response length     38.2     84.6  × 2.21\n"
            "chain pass@1       38.0%        –       –\n");
}

}  // namespace
}  // namespace r1
