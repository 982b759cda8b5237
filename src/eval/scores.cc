#include "eval/scores.h"

#include <cmath>
#include <map>

namespace r1 {
namespace {

template <class Value>
double mean_over(const ProblemSamples& samples, Value value) {
  double sum = 0;
  for (const GradedSample& s : samples) sum += double(value(s));
  return sum / double(samples.size());
}

double standard_error(const std::vector<double>& values, double mean) {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / double(values.size() - 1) / double(values.size()));
}

}  // namespace

double pass_at_k(size_t n, size_t c, size_t k) {
  if (n - c < k) return 1;
  double all_wrong = 1;
  for (size_t i = n - c + 1; i <= n; ++i) all_wrong *= 1 - double(k) / double(i);
  return 1 - all_wrong;
}

std::optional<size_t> consensus(std::span<const GradedSample> samples) {
  std::map<std::string_view, size_t> supporters;
  for (const GradedSample& s : samples)
    if (s.vote) ++supporters[*s.vote];
  std::optional<size_t> best;
  for (size_t i = 0; i < samples.size(); ++i)
    if (samples[i].vote && (!best || supporters[*samples[i].vote] > supporters[*samples[*best].vote])) best = i;
  return best;
}

EvalScores summarise(std::span<const ProblemSamples* const> problems) {
  EvalScores out;
  out.problems = problems.size();
  if (problems.empty()) return out;
  out.k = problems[0]->size();
  std::vector<double> pass;
  double consistency = 0;
  size_t with_language = 0;
  for (const ProblemSamples* p : problems) {
    pass.push_back(mean_over(*p, [](const GradedSample& s) { return s.correct; }));
    out.pass_at_1 += pass.back();
    out.pass_at_1_format_blind += mean_over(*p, [](const GradedSample& s) { return s.correct_format_blind; });
    size_t right = 0;
    for (const GradedSample& s : *p) right += s.correct;
    out.pass_at_k += pass_at_k(p->size(), right, out.k);
    const auto chosen = consensus(*p);
    out.cons_at_k += chosen && (*p)[*chosen].correct;
    out.mean_length += mean_over(*p, [](const GradedSample& s) { return s.tokens; });
    out.format += mean_over(*p, [](const GradedSample& s) { return s.format; });
    out.cut_off += mean_over(*p, [](const GradedSample& s) { return s.cut_off; });
    out.reflective += mean_over(*p, [](const GradedSample& s) { return s.reflective; });
    out.mixed += mean_over(*p, [](const GradedSample& s) { return s.mixed; });
    if (p->front().consistency) {
      consistency += mean_over(*p, [](const GradedSample& s) { return s.consistency.value_or(0); });
      ++with_language;
    }
  }
  const double n = double(problems.size());
  for (double* sum : {&out.pass_at_1, &out.pass_at_1_format_blind, &out.pass_at_k, &out.cons_at_k, &out.mean_length,
                      &out.format, &out.cut_off, &out.reflective, &out.mixed})
    *sum /= n;
  out.pass_at_1_error = standard_error(pass, out.pass_at_1);
  if (with_language > 0) out.consistency = consistency / double(with_language);
  return out;
}

std::vector<std::pair<std::string, double>> named_scores(const EvalScores& s) {
  std::vector<std::pair<std::string, double>> out = {
      {"pass@1", s.pass_at_1}, {"pass@1_error", s.pass_at_1_error}, {"pass@1_format_blind", s.pass_at_1_format_blind}};
  if (s.k > 1) {
    out.emplace_back(cat("pass@", s.k), s.pass_at_k);
    out.emplace_back(cat("cons@", s.k), s.cons_at_k);
  }
  out.insert(out.end(), {{"mean_length", s.mean_length},
                         {"format", s.format},
                         {"cut_off", s.cut_off},
                         {"reflective", s.reflective},
                         {"mixed_language", s.mixed}});
  if (s.consistency) out.emplace_back("language_consistency", *s.consistency);
  return out;
}

}  // namespace r1
