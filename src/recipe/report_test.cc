#include "recipe/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tasks/words.h"

namespace r1 {
namespace {

size_t count(std::string_view text, std::string_view part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

QuickstartReport sample() {
  QuickstartReport r;
  r.base = {{"pass@1", 0.312}, {"pass@1_error", 0.011}, {"pass@16", 0.84}, {"mean_length", 38.2}};
  r.r1_zero = {{"pass@1", 0.921}, {"pass@1_error", 0.008}, {"pass@16", 0.983}, {"mean_length", 84.6}};
  r.base_by_task = {{"chain pass@1", 0.38}};
  r.r1_zero_by_task = {{"chain pass@1", 0.962}};
  r.curve = {{0, 0.312, 38.2}, {10, 0.6, 60}, {20, 0.921, 84.6}};
  for (int64_t i = 1; i <= 20; ++i) r.training.push_back({i, 0.04 * double(i), 0.9, 40.0 + double(i), 0.5, 0.1, 1});
  r.examples = {{"compute 2 + 3", "5", " then 2 + 3 = 6 so 6",
                 "<think> 2 + 3 = 6 wait 2 + 3 = 5 检查</think><answer> 5</answer>", false, true}};
  r.seconds = 372;
  r.parameters = 640128;
  r.seed = 41;
  r.config_toml = "seed = 41\n";
  return r;
}

// Every opened element is closed, in order; a tag that is unfinished or closed twice fails.
bool well_nested(std::string_view html) {
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != html.npos; at = html.find('<', at + 1)) {
    const size_t end = html.find('>', at);
    if (end == html.npos) return false;
    const std::string_view tag = html.substr(at + 1, end - at - 1);
    std::string name(tag.substr(0, std::min(tag.find_first_of(" /", 1), tag.size())));
    if (tag[0] == '!' || tag.back() == '/' || name == "meta" || name == "link") continue;
    if (tag[0] != '/') {
      open.push_back(std::move(name));
    } else {
      if (open.empty() || name.substr(1) != open.back()) return false;
      open.pop_back();
    }
  }
  return open.empty();
}

TEST(WellNested, RefusesWhatIsNot) {
  EXPECT_TRUE(well_nested("<!doctype html><a href=\"/x\"><b/>t</a>"));
  EXPECT_FALSE(well_nested("<a><b></a></b>"));
  EXPECT_FALSE(well_nested("<a>"));
  EXPECT_FALSE(well_nested("</a>"));
}

TEST(ReportHtml, ShowsTheFigures) {
  const std::string page = report_html(sample());
  EXPECT_TRUE(well_nested(page));
  for (const char* part :
       {"31.2%", "92.1%", "+60.9", "± 1.1", "× 2.21", "640,128", "6 min 12 s", "<dd>41</dd>", "seed = 41",
        "chain pass@1", "96.2%", "<dd>0 <span", "held-out pass@1: 31.2% at step 0, 92.1% at step 20."})
    EXPECT_NE(page.find(part), page.npos) << part;
  EXPECT_EQ(count(page, "<circle "), 6u);  // three points on each of the paper's two figures
  EXPECT_EQ(count(page, "role=\"img\""), 4u);
}

TEST(ReportHtml, LoadsNothingAndRunsNothing) {
  const std::string page = report_html(sample());
  for (const char* part : {"<script", "http:", "https:", "src=", "url(", "@import", "javascript"})
    EXPECT_EQ(page.find(part), page.npos) << part;
  EXPECT_EQ(count(page, "href="), 1u);  // the icon
  EXPECT_NE(page.find("href=\"data:,\""), page.npos);
  EXPECT_NE(page.find("default-src 'none'"), page.npos);
}

TEST(ReportHtml, HostileTextStaysText) {
  const std::string bad = "</code></style><script>alert(1)</script><img src=x onerror=\"y\">'\xFF\x01";
  QuickstartReport r = sample();
  r.examples = {{bad, bad, bad, "<think>" + bad + "</think><answer>" + bad + "</answer>", true, false},
                {"", "", "", "", false, false},
                {"<", "<<", "<think><think></answer>", "</think>wait<answer>", false, false}};
  r.config_toml = bad;
  r.base.push_back({bad, 0.5});
  r.r1_zero_by_task.push_back({bad + " pass@1", 0.5});
  const std::string page = report_html(r);
  EXPECT_EQ(page.find("<script"), page.npos);
  EXPECT_EQ(page.find("<img"), page.npos);
  EXPECT_EQ(count(page, "</style>"), 1u);
  EXPECT_NE(page.find("&lt;script&gt;alert(1)"), page.npos);
  EXPECT_TRUE(well_nested(page));
}

TEST(ReportHtml, EmptySeriesOnePointAndNaN) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const std::string empty = report_html({});
  EXPECT_TRUE(well_nested(empty));
  EXPECT_EQ(count(empty, "no values"), 4u);

  QuickstartReport r = sample();
  r.training.clear();
  r.curve = {{0, 0.5, 40}};
  const std::string one = report_html(r);
  EXPECT_TRUE(well_nested(one));
  EXPECT_EQ(count(one, "<circle "), 2u);

  r.curve = {{0, 0.5, 40}, {5, nan, inf}, {std::numeric_limits<int64_t>::max(), 0.7, -1e300}, {-3, 1e15, 0}};
  r.training = {{1, nan, nan, nan, nan, nan, nan}, {2, inf, -inf, 1e-300, 0, 0, -0.0}};
  r.base = {{"pass@1", nan}, {"mean_length", 0}};
  r.r1_zero = {{"pass@1", 0.5}, {"mean_length", inf}};
  r.seconds = nan;
  r.on_policy_max_abs_logprob_diff = nan;
  const std::string strange = report_html(r);
  EXPECT_TRUE(well_nested(strange));
  EXPECT_EQ(count(strange, "<circle "), 5u);
  const std::string_view svg = std::string_view(strange).substr(strange.find("<figure>"));
  EXPECT_EQ(svg.substr(0, svg.find("</figure>")).find("nan"), svg.npos);
  EXPECT_NE(strange.find("<dt>Time</dt><dd>–</dd>"), strange.npos);
}

TEST(ReportHtml, AGapInALineIsNotBridged) {
  QuickstartReport r;
  r.curve = {{0, 0.1, 1}, {1, 0.2, 1}, {2, std::nan(""), 1}, {3, 0.3, 1}, {4, 0.4, 1}};
  const std::string page = report_html(r);
  const size_t at = page.find("<path class=\"s blue\" d=\"", page.find("aria-labelledby=\"accuracy-t"));
  ASSERT_NE(at, page.npos);
  const std::string_view path = std::string_view(page).substr(at, page.find("/>", at) - at);
  EXPECT_EQ(count(path, "M"), 2u);
  EXPECT_EQ(count(path, "L"), 2u);
}

TEST(ReportHtml, MarksExactlyTheWordsThatCount) {
  const std::string thought = " wait Wait awaits waiter check-check CHECK! 检查 等等等 12wait";
  QuickstartReport r;
  r.examples = {{"q", "1", "", "<think>" + thought + "</think><answer> wait 1</answer>", false, true}};
  const std::string page = report_html(r);
  const size_t legend = 1;  // the word "marked" above the examples
  EXPECT_EQ(count(page, "<mark>"), count_reflective_words(thought) + legend);
  EXPECT_GE(count_reflective_words(thought), 7u);
  EXPECT_NE(page.find("<mark>CHECK</mark>!"), page.npos);
}

TEST(ReportHtml, ADifferenceThatIsNotZeroIsSaid) {
  QuickstartReport r = sample();
  r.on_policy_max_abs_logprob_diff = 1.5e-7;
  const std::string page = report_html(r);
  EXPECT_NE(page.find("1.5e-07 <span class=\"note\">expected exactly 0"), page.npos);
  EXPECT_EQ(page.find("bit for bit"), page.npos);
}

TEST(ScoreRows, ErrorsJoinTheirScoreAndMissingFiguresAreDashes) {
  const auto rows =
      score_rows({{"pass@1", 0.3}, {"pass@1_error", 0.02}, {"gone", 1.25}}, {{"pass@1", 0.25}, {"cons@8", 0.5}});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].base + "|" + rows[0].r1_zero + "|" + rows[0].change + "|" + rows[0].base_error,
            "30.0%|25.0%|−5.0|2.0");
  EXPECT_EQ(rows[0].r1_zero_error, "");
  EXPECT_EQ(rows[1].base + rows[1].r1_zero + rows[1].change, "1.2––");
  EXPECT_EQ(rows[2].name + rows[2].base + rows[2].r1_zero, "cons@8–50.0%");
}

TEST(Texts, NumbersAreRoundedAndNeverOverflow) {
  EXPECT_EQ(number_text(-0.04, 1), "0.0");
  EXPECT_EQ(number_text(2.25, 1), "2.2");
  EXPECT_EQ(number_text(std::nan(""), 1), "–");
  EXPECT_EQ(number_text(std::numeric_limits<double>::max(), 2), "1.80e+308");
  EXPECT_EQ(percent_text(1), "100.0%");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(3600), "1 h 0 min");
  EXPECT_EQ(duration_text(-1), "–");
  EXPECT_EQ(duration_text(1e300), "–");
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(671026419200), "671,026,419,200");
}

}  // namespace
}  // namespace r1
