#include "recipe/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "base/cat.h"
#include "format/html.h"
#include "tasks/grade.h"
#include "tasks/words.h"

namespace r1 {
namespace {

constexpr std::string_view kDash = "–";
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--paper:#faf9f6;--card:#fff;--ink:#1d1c1a;--soft:#625e57;--line:#e3dfd7;--blue:#1f5fc4;--rust:#b3500f;
--moss:#2d7a4f;--mark:#ffe9a8;--wash:#f3f1ec}
@media(prefers-color-scheme:dark){:root{--paper:#131417;--card:#1b1d21;--ink:#ece9e3;--soft:#a8a39a;--line:#32353b;--blue:#82aeff;
--rust:#f0a468;--moss:#74cf9c;--mark:#5c4a12;--wash:#22252a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
-webkit-text-size-adjust:100%}
main,footer{max-width:68rem;margin:0 auto;padding:0 1.25rem}
h1,h2,.lead,.big{font-family:Charter,"Iowan Old Style","Palatino Linotype",Georgia,ui-serif,serif}
h1{font-size:clamp(2rem,6vw,3.1rem);line-height:1.12;letter-spacing:-.015em;font-weight:600;margin:.3em 0 .35em;text-wrap:balance}
h2{font-size:1.55rem;line-height:1.2;font-weight:600;margin:3.2rem 0 .4rem}
h3{font-size:1rem;margin:0;font-weight:600}
p{max-width:44rem;margin:.5rem 0}.lead{font-size:1.2rem;line-height:1.5}.note{color:var(--soft);font-size:.92rem}
.eyebrow{margin:2.6rem 0 0;color:var(--soft);font-size:.85rem;letter-spacing:.04em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:1px;background:var(--line);border:1px solid var(--line);
border-radius:12px;overflow:hidden;margin:1.8rem 0 0}
.tiles div{background:var(--card);padding:1rem 1.2rem}.tiles dt{color:var(--soft);font-size:.86rem}
.tiles dd{margin:0}.big{font-size:1.75rem;line-height:1.3;font-variant-numeric:tabular-nums;white-space:nowrap}
.big .from{color:var(--soft);font-size:1.15rem}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1.25rem;margin-top:1.2rem}
figure,.card{margin:0;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.1rem 1.2rem;min-width:0}
figcaption p{margin:.1rem 0 .5rem}svg{display:block;width:100%;height:auto}
svg text{font:11.5px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--soft);font-variant-numeric:tabular-nums}
.rule{stroke:var(--line)}.s{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
.blue{stroke:var(--blue)}.rust{stroke:var(--rust)}.moss{stroke:var(--moss)}.faint{stroke-width:1.6;opacity:.42}.dash{stroke-dasharray:6 4}
.dotted{stroke-dasharray:1 6}circle.blue{fill:var(--card);stroke-width:2.2}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;margin:0 0 .5rem;padding:0;font-size:.88rem;color:var(--soft)}
.legend svg{display:inline-block;width:26px;height:10px;margin-right:.4rem;vertical-align:1px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.5rem .7rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;vertical-align:baseline}
th:first-child{text-align:left;padding-left:0}th:last-child,td:last-child{padding-right:0}tbody th{font-weight:500;white-space:normal}
thead th{font-size:.86rem;color:var(--soft);font-weight:500}th small{display:block;color:var(--soft);font-weight:400}td small{color:var(--soft);font-weight:400}
tbody tr.main td,tbody tr.main th{font-weight:650}tbody:last-child tr:last-child>*{border-bottom:0}th[scope=rowgroup]{padding-top:1.4rem;color:var(--soft);font-size:.86rem}
.example{margin-top:1.25rem}.example header{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;align-items:baseline;margin-bottom:.9rem}
code,pre,.reply{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1.2rem}.pair>section{min-width:0}
.pair h4{margin:0 0 .5rem;font-size:.9rem;display:flex;justify-content:space-between;gap:1rem}
.right{color:var(--moss)}.wrong{color:var(--rust)}
.reply{line-height:1.65;white-space:pre-wrap;overflow-wrap:anywhere}.tag{color:var(--soft);font-size:.8rem}
.think{background:var(--wash);border-left:3px solid var(--line);border-radius:0 8px 8px 0;padding:.6rem .9rem;margin:.2rem 0;color:var(--soft)}
.think:empty::after{content:"(empty)";font-style:italic}mark{background:var(--mark);color:var(--ink);border-radius:3px;padding:.05em .2em}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.4rem;margin:1rem 0}.facts dt{color:var(--soft)}.facts dd{margin:0}
details{margin-top:1rem}summary{cursor:pointer;padding:.35rem 0}summary:focus-visible{outline:2px solid var(--blue);outline-offset:3px}
pre{background:var(--wash);border-radius:8px;padding:1rem;overflow-x:auto;line-height:1.5}footer{padding-top:3rem;padding-bottom:3rem}
@media(max-width:34rem){.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:.7rem}figure,.card{padding:.9rem}.tiles div{padding:.7rem .8rem}
.big{font-size:1.3rem}.big .from{font-size:1rem}.scores tr{display:grid;grid-template-columns:repeat(3,1fr);border-bottom:1px solid var(--line);padding:.5rem 0}
.scores th,.scores td{border:0;padding:0}.scores th:first-child{grid-column:1/-1}.scores thead th:first-child{display:none}td small{display:block}
figure svg text{font-size:14px}}
@media print{figure,.card,tr{break-inside:avoid}body{background:#fff}}
)css";

// ---- Words for figures

struct Known {
  std::string_view name, label, note;
  bool percent;
};
constexpr std::array kKnown = {
    Known{"pass@1", "pass@1", "one sample is right", true},
    Known{"pass@1_format_blind", "pass@1, form ignored", "answers without their tags are read too", true},
    Known{"mean_length", "response length", "tokens, on average", false},
    Known{"format", "format", "exactly <think>…</think><answer>…</answer>", true},
    Known{"cut_off", "cut off", "ended by the limit on tokens", true},
    Known{"reflective", "reflective", "thoughts that look again: “wait”, “check”", true},
    Known{"reflective_share", "reflective", "thoughts that look again: “wait”, “check”", true},
    Known{"mixed_language", "mixed languages", "thoughts in English and Chinese at once", true},
    Known{"language_consistency", "language consistency", "words in the language of the question", true}};

Known known(std::string_view name) {
  for (const Known& k : kKnown)
    if (k.name == name) return k;
  if (name.starts_with("pass@")) return {name, name, "at least one of so many samples is right", true};
  if (name.starts_with("cons@")) return {name, name, "the answer most of so many samples agree on is right", true};
  const bool share = name.find("pass@") != name.npos || name.find("cons@") != name.npos;
  return {name, name, "", share};
}

std::string score_text(double value, bool percent) { return percent ? percent_text(value) : number_text(value, 1); }

std::string change_text(double from, double to, bool percent) {
  if (!drawable(from) || !drawable(to)) return std::string(kDash);
  if (!percent) return from > 0 ? cat("× ", number_text(to / from, 2)) : std::string(kDash);
  const std::string points = number_text(std::abs(to - from) * 100, 1);
  return points == "0.0" ? points : cat(to > from ? "+" : "−", points);
}

// ---- Charts

struct Series {
  std::string name, style;  // style: classes of kStyle
  std::vector<std::pair<double, double>> points;
  bool dots = false;
};
struct Chart {
  std::string id, title, note;
  bool percent = false;  // values are shares, and the axis ends at 100%
  std::vector<Series> series;
};

bool has_values(const Series& s) {
  return std::any_of(s.points.begin(), s.points.end(), [](const auto& p) { return drawable(p.second); });
}

std::string tick_text(double value, bool percent) {
  if (percent) return cat(number_text(value * 100, 0), "%");
  for (int digits = 0; digits < 4; ++digits)
    if (std::abs(value * std::pow(10, digits) - std::round(value * std::pow(10, digits))) < 1e-6 * std::pow(10, digits))
      return number_text(value, digits);
  return cat(float(value));
}

// 1, 2 or 5 times a power of ten, so that about `count` of them make up the range. REQUIRES: 0 < range.
double nice_step(double range, int count) {
  const double unit = std::pow(10, std::floor(std::log10(range / count)));
  for (const double factor : {1, 2, 5})
    if (range / count <= factor * unit) return factor * unit;
  return 10 * unit;
}

// A linear map of data onto the picture, its ends rounded outwards to ticks where `outward`.
struct Axis {
  double low = 0, high = 1, step = 1, from = 0, to = 1;
  double at(double v) const { return from + (v - low) / (high - low) * (to - from); }
};
Axis make_axis(double low, double high, int count, bool outward, double from, double to) {
  if (!(high - low > 1e-9)) high = low + 1;
  const double step = nice_step(high - low, count);
  if (outward) low = std::floor(low / step) * step, high = std::ceil(high / step) * step;
  return {low, high, step, from, to};
}
std::vector<double> ticks(const Axis& axis) {
  std::vector<double> out;
  for (double k = std::ceil(axis.low / axis.step - 1e-9); k * axis.step <= axis.high + 1e-9 * axis.step; ++k) {
    out.push_back(k * axis.step);
    if (out.size() == 24) break;
  }
  return out;
}

std::string coordinate(double v) { return number_text(v, 1); }

std::string path_of(const Series& s, const Axis& x, const Axis& y) {
  std::string path;
  bool pen_down = false;
  for (const auto& [step, value] : s.points) {
    if (drawable(value)) path += cat(pen_down ? "L" : "M", coordinate(x.at(step)), " ", coordinate(y.at(value)));
    pen_down = drawable(value);
  }
  return path;
}

std::string describe(const Chart& chart) {
  std::string out;
  for (const Series& s : chart.series) {
    const std::pair<double, double>*first = nullptr, *last = nullptr;
    for (const auto& p : s.points)
      if (drawable(p.second)) first = first ? first : &p, last = &p;
    if (!first) continue;
    out += cat(out.empty() ? "" : " ", s.name, ": ", score_text(first->second, chart.percent), " at step ",
               number_text(first->first, 0), ", ", score_text(last->second, chart.percent), " at step ",
               number_text(last->first, 0), ".");
  }
  return out.empty() ? "No values." : out;
}

std::string picture(const Chart& chart) {
  constexpr double kLeft = 46, kRight = 422, kTop = 10, kBottom = 220;
  double first = std::numeric_limits<double>::infinity(), last = -first, low = 0, high = chart.percent ? 1 : 0;
  for (const Series& s : chart.series)
    for (const auto& [step, value] : s.points)
      if (drawable(value)) {
        first = std::min(first, step), last = std::max(last, step);
        low = std::min(low, value), high = std::max(high, value);
      }
  std::string out =
      cat("<svg viewBox=\"0 0 440 260\" role=\"img\" aria-labelledby=\"", chart.id, "-t ", chart.id,
          "-d\"><title id=\"", chart.id, "-t\">", html_escape(chart.title), " over training steps</title><desc id=\"",
          chart.id, "-d\">", html_escape(describe(chart)), "</desc>");
  if (first > last) return out + "<text x=\"220\" y=\"128\" text-anchor=\"middle\">no values</text></svg>";
  const Axis x = make_axis(first, last, 5, false, kLeft, kRight);
  const Axis y = make_axis(low, high, 5, true, kBottom, kTop);
  for (const double t : ticks(y))
    out += cat("<path class=\"rule\" d=\"M40 ", coordinate(y.at(t)), "H428\"/><text x=\"34\" y=\"",
               coordinate(y.at(t) + 4), "\" text-anchor=\"end\">", tick_text(t, chart.percent), "</text>");
  for (const double t : ticks(x))
    if (t == std::round(t))
      out += cat("<text x=\"", coordinate(x.at(t)), "\" y=\"238\" text-anchor=\"middle\">", tick_text(t, false),
                 "</text>");
  out += "<text x=\"234\" y=\"256\" text-anchor=\"middle\">step</text>";
  for (const Series& s : chart.series) {
    const std::string path = path_of(s, x, y);
    if (!path.empty()) out += cat("<path class=\"s ", s.style, "\" d=\"", path, "\"/>");
    for (const auto& [step, value] : s.points)
      if (s.dots && drawable(value))
        out += cat("<circle class=\"", s.style, "\" cx=\"", coordinate(x.at(step)), "\" cy=\"", coordinate(y.at(value)),
                   "\" r=\"3.6\"><title>step ", number_text(step, 0), ": ", score_text(value, chart.percent),
                   "</title></circle>");
  }
  return out + "</svg>";
}

std::string figure(const Chart& chart) {
  std::string out = cat("<figure><figcaption><h3>", html_escape(chart.title), "</h3><p class=\"note\">",
                        html_escape(chart.note), "</p><ul class=\"legend\">");
  for (const Series& s : chart.series)
    if (has_values(s))
      out += cat("<li><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\"><path class=\"s ", s.style,
                 "\" d=\"M1 5H25\"/></svg>", html_escape(s.name), "</li>");
  return cat(out, "</ul></figcaption>", picture(chart), "</figure>\n");
}

template <class Point>
Series series_of(std::string name, std::string style, const std::vector<Point>& points, double Point::*value,
                 bool dots = false) {
  Series s{std::move(name), std::move(style), {}, dots};
  for (const Point& p : points) s.points.emplace_back(double(p.step), p.*value);
  return s;
}

std::string charts(const QuickstartReport& r) {
  const std::array all = {Chart{"accuracy",
                                "Accuracy",
                                "The share of right answers, one sample a problem.",
                                true,
                                {series_of("training rollouts", "blue faint", r.training, &TrainPoint::accuracy),
                                 series_of("held-out pass@1", "blue", r.curve, &CurvePoint::pass_at_1, true)}},
                          Chart{"length",
                                "Response length",
                                "Tokens a response, on average.",
                                false,
                                {series_of("training rollouts", "blue faint", r.training, &TrainPoint::mean_length),
                                 series_of("held out", "blue", r.curve, &CurvePoint::mean_length, true)}},
                          Chart{"shares",
                                "Second looks and form",
                                "Shares of the training rollouts.",
                                true,
                                {series_of("reflective words", "rust", r.training, &TrainPoint::reflective),
                                 series_of("right format", "moss dash", r.training, &TrainPoint::format),
                                 series_of("mixed languages", "blue dotted", r.training, &TrainPoint::mixed)}},
                          Chart{"entropy",
                                "Entropy",
                                "Of the next token, in nats: how open the choice still is.",
                                false,
                                {series_of("training rollouts", "blue", r.training, &TrainPoint::entropy)}}};
  std::string out;
  for (const Chart& chart : all) out += figure(chart);
  return out;
}

// ---- Samples

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The length of the reflective word that begins here, by the rules of count_reflective_words, or 0.
size_t reflective_at(std::string_view text, size_t at, std::span<const std::string> words) {
  for (const std::string& word : words) {
    const std::string_view here = text.substr(at, word.size());
    if (!is_letter(word[0])) {
      if (here == word) return word.size();
      continue;
    }
    const bool same = std::equal(here.begin(), here.end(), word.begin(), word.end(),
                                 [](char a, char b) { return is_letter(a) && (a | 0x20) == b; });
    const size_t end = at + word.size();
    if (same && (at == 0 || !is_letter(text[at - 1])) && (end == text.size() || !is_letter(text[end])))
      return word.size();
  }
  return 0;
}

std::string marked(std::string_view text, std::span<const std::string> words) {
  std::string out;
  size_t plain = 0;  // what has not been written yet
  for (size_t at = 0; at < text.size();) {
    const size_t length = reflective_at(text, at, words);
    if (length > 0) {
      out += cat(html_escape(text.substr(plain, at - plain)), "<mark>", text.substr(at, length), "</mark>");
      plain = at + length;
    }
    at += std::max<size_t>(length, 1);
  }
  return out + html_escape(text.substr(plain));
}

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\n')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\n')) s.remove_suffix(1);
  return s;
}

// What surrounds the thought: tags stand back.
std::string with_tags(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t length = 0;
    for (const std::string_view tag : {"<think>", "</think>", "<answer>", "</answer>"})
      if (text.substr(at).starts_with(tag)) length = tag.size();
    if (length > 0) {
      out += cat("<span class=\"tag\">", html_escape(text.substr(at, length)), "</span>");
      at += length;
    } else {
      const size_t end = std::min(text.find('<', at + 1), text.size());
      out += cat("<strong>", html_escape(text.substr(at, end - at)), "</strong>");
      at = end;
    }
  }
  return out;
}

std::string reply(std::string_view who, const std::string& text, bool correct, std::span<const std::string> words) {
  const std::string_view thought = thinking_of(text);
  const std::string_view all = text;
  const size_t begin = size_t(thought.data() - all.data());
  return cat("<section><h4><span>", who, "</span><span class=\"", correct ? "right\">✓ right" : "wrong\">✗ wrong",
             "</span></h4><div class=\"reply\">", with_tags(trimmed(all.substr(0, begin))), "<div class=\"think\">",
             marked(trimmed(thought), words), "</div>", with_tags(trimmed(all.substr(begin + thought.size()))),
             "</div></section>");
}

std::string examples(const QuickstartReport& r) {
  if (r.examples.empty()) return "";
  std::string out =
      "<h2>The same problems, before and after</h2><p>Held-out problems, the first sample of each model. The shaded "
      "part is the thought; "
      "<mark>marked</mark> words begin a second look.</p>\n";
  const std::vector<std::string> words = reflective_words();
  for (const SideBySide& e : r.examples)
    out += cat("<article class=\"card example\"><header><h3><code>", html_escape(trimmed(e.question)),
               "</code></h3><span class=\"note\">a right answer: <code>", html_escape(trimmed(e.reference)),
               "</code></span></header><div class=\"pair\">", reply("Base", e.base_text, e.base_correct, words),
               reply("R1-Zero", e.zero_text, e.zero_correct, words), "</div></article>\n");
  return out;
}

// ---- Tables and text

std::string with_error(const std::string& value, const std::string& error) {
  return error.empty() ? value : cat(value, " <small>± ", error, "</small>");
}

std::string table_body(const Metrics& base, const Metrics& zero, std::string_view heading) {
  const std::vector<ScoreRow> rows = score_rows(base, zero);
  if (rows.empty()) return "";
  std::string out = "<tbody>";
  if (!heading.empty()) out += cat("<tr><th scope=\"rowgroup\" colspan=\"4\">", heading, "</th></tr>");
  for (const ScoreRow& row : rows)
    out += cat(row.name == "pass@1" ? "<tr class=\"main\">" : "<tr>", "<th scope=\"row\">", html_escape(row.label),
               "<small>", html_escape(row.note), "</small></th><td>", with_error(row.base, row.base_error), "</td><td>",
               with_error(row.r1_zero, row.r1_zero_error), "</td><td>", row.change, "</td></tr>");
  return out + "</tbody>";
}

std::string tiles(const QuickstartReport& r) {
  std::string out;
  for (const ScoreRow& row : score_rows(r.base, r.r1_zero))
    if (row.name == "pass@1" || row.name.starts_with("cons@") || row.name == "mean_length" || row.label == "reflective")
      out += cat("<div><dt>", html_escape(row.label), "</dt><dd class=\"big\"><span class=\"from\">", row.base,
                 " →</span> ", row.r1_zero, "</dd></div>");
  return out.empty() ? "" : cat("<dl class=\"tiles\">", out, "</dl>\n");
}

std::string curve_table(const QuickstartReport& r) {
  if (r.curve.empty()) return "";
  std::string out =
      "<details><summary>The held-out curve as numbers</summary><div class=\"scroll\"><table><thead><tr><th "
      "scope=\"col\">step</th>"
      "<th scope=\"col\">pass@1</th><th scope=\"col\">length, tokens</th></tr></thead><tbody>";
  for (const CurvePoint& p : r.curve)
    out += cat("<tr><th scope=\"row\">", p.step, "</th><td>", percent_text(p.pass_at_1), "</td><td>",
               number_text(p.mean_length, 1), "</td></tr>");
  return out + "</tbody></table></div></details>\n";
}

std::string lead(const QuickstartReport& r) {
  const double from = metric(r.base, "pass@1", kNothing), to = metric(r.r1_zero, "pass@1", kNothing);
  std::string out = cat("A language model of ", count_text(r.parameters),
                        " parameters began with random weights, read a synthetic corpus, and then practised by "
                        "reinforcement learning on problems whose answers can be checked, as DeepSeek-R1-Zero did.");
  if (drawable(from) && drawable(to))
    out += cat(" Of problems it had never seen it answered ", percent_text(from), " before that practice and ",
               percent_text(to), " after it.");
  return out;
}

std::string difference_text(double diff) {
  if (diff == 0)
    return "0 <span class=\"note\">exactly: the trainer computes, bit for bit, the log-probabilities recorded while "
           "sampling</span>";
  return drawable(diff) ? cat(diff, " <span class=\"note\">expected exactly 0</span>") : std::string(kDash);
}

std::string facts(const QuickstartReport& r) {
  return cat(
      "<h2>How this was made</h2><p>One program, one set of kernels, one seed. The same configuration and seed give "
      "the same figures again, "
      "on any number of threads; only the time differs.</p><dl class=\"facts\"><dt>Seed</dt><dd>",
      r.seed, "</dd><dt>Parameters</dt><dd>", count_text(r.parameters), "</dd><dt>Time</dt><dd>",
      duration_text(r.seconds), "</dd><dt>Largest difference of log-probabilities, rollout and trainer</dt><dd>",
      difference_text(r.on_policy_max_abs_logprob_diff),
      "</dd></dl><details><summary>Configuration</summary><pre tabindex=\"0\"><code>", html_escape(r.config_toml),
      "</code></pre></details>\n");
}

}  // namespace

std::vector<ScoreRow> score_rows(const Metrics& base, const Metrics& r1_zero) {
  std::vector<ScoreRow> rows;
  const auto add = [&](const std::string& name) {
    if (name.ends_with("_error") ||
        std::any_of(rows.begin(), rows.end(), [&](const ScoreRow& r) { return r.name == name; }))
      return;
    const Known k = known(name);
    const double from = metric(base, name, kNothing), to = metric(r1_zero, name, kNothing);
    const auto error = [&](const Metrics& m) {
      const double e = metric(m, name + "_error", kNothing);
      return drawable(e) ? number_text(k.percent ? 100 * e : e, 1) : "";
    };
    rows.push_back({name, std::string(k.label), std::string(k.note), score_text(from, k.percent),
                    score_text(to, k.percent), change_text(from, to, k.percent), error(base), error(r1_zero)});
  };
  for (const Metrics* scores : {&base, &r1_zero})
    for (const auto& [name, value] : *scores) add(name);
  return rows;
}

bool drawable(double value) { return std::abs(value) <= 1e15; }

std::string number_text(double value, int digits) {
  if (!std::isfinite(value)) return std::string(kDash);
  char buffer[64];
  const auto form = drawable(value) ? std::chars_format::fixed : std::chars_format::scientific;
  std::string out(buffer, std::to_chars(buffer, buffer + sizeof buffer, value, form, std::clamp(digits, 0, 9)).ptr);
  if (out[0] == '-' && out.find_first_not_of("-0.") == out.npos) out.erase(0, 1);  // "-0.0"
  return out;
}

std::string percent_text(double share) {
  return std::isfinite(share) ? cat(number_text(100 * share, 1), "%") : std::string(kDash);
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0) || !drawable(seconds)) return std::string(kDash);
  const int64_t s = std::llround(seconds);
  if (s < 60) return cat(s, " s");
  if (s < 3600) return cat(s / 60, " min ", s % 60, " s");
  return cat(s / 3600, " h ", s % 3600 / 60, " min");
}

std::string count_text(uint64_t count) {
  std::string out = cat(count);
  for (size_t at = out.size(); at > 3;) out.insert(at -= 3, 1, ',');
  return out;
}

std::string report_html(const QuickstartReport& r) {
  const std::string rows = table_body(r.base, r.r1_zero, ""),
                    by_task = table_body(r.base_by_task, r.r1_zero_by_task, "By task");
  std::string out =
      cat("<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
          "img-src data:\">"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" "
          "content=\"light dark\">"
          "<link rel=\"icon\" href=\"data:,\"><title>r1 quickstart: from random weights to R1-Zero</title><style>",
          kStyle, "</style></head>\n<body><main>\n");
  out += cat("<p class=\"eyebrow\">r1 quickstart · seed ", r.seed,
             "</p><h1>From random weights to R1&#8209;Zero</h1><p class=\"lead\">", lead(r), "</p>\n", tiles(r));
  out +=
      cat("<h2>Over the steps</h2><p>The paper’s two figures, accuracy and response length over the steps of "
          "reinforcement learning, and what went with them.</p>"
          "<div class=\"grid\">\n",
          charts(r), "</div>\n", curve_table(r));
  if (!rows.empty() || !by_task.empty())
    out +=
        cat("<h2>Before and after</h2><p>On held-out problems; ± is one standard error.</p><div class=\"card "
            "scroll\"><table class=\"scores\"><thead><tr><th scope=\"col\">measure</th>"
            "<th scope=\"col\">Base</th><th scope=\"col\">R1-Zero</th><th scope=\"col\">change</th></tr></thead>",
            rows, by_task, "</table></div>\n");
  return cat(out, examples(r), facts(r),
             "</main><footer class=\"note\">Made by r1 quickstart. This page is one file; it loads "
             "nothing.</footer></body></html>\n");
}

}  // namespace r1
