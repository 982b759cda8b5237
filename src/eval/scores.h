// The figures of an evaluation, from graded samples. Pure functions.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "eval/graded.h"

namespace r1 {

// Of k drawn from n without putting back, of which c are right: the chance that at least one is (Chen et al. 2021,
// "Evaluating large language models trained on code", section 2.1). REQUIRES: c <= n, 1 <= k <= n.
double pass_at_k(size_t n, size_t c, size_t k);

// The sample whose vote has the most supporters, the first seen among equals; nothing if nobody voted.
std::optional<size_t> consensus(std::span<const GradedSample> samples);

// Shares are of samples, in [0, 1]. Means run over problems first, so each problem counts the same.
struct EvalScores {
  size_t problems = 0;
  size_t k = 0;                               // samples a problem
  double pass_at_1 = 0, pass_at_1_error = 0;  // standard error of the mean over problems; 0 for a single one
  double pass_at_1_format_blind = 0;
  double pass_at_k = 0, cons_at_k = 0;
  double mean_length = 0;  // tokens
  double format = 0, cut_off = 0, reflective = 0, mixed = 0;
  std::optional<double> consistency;  // over problems whose language is known
};

using ProblemSamples = std::vector<GradedSample>;
// REQUIRES: every problem has the same number of samples, at least one.
EvalScores summarise(std::span<const ProblemSamples* const> problems);

// ("pass@1", 0.91), ("cons@16", 0.95), ...: the names of reports, metrics and summaries.
std::vector<std::pair<std::string, double>> named_scores(const EvalScores& scores);

}  // namespace r1
