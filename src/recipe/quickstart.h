// `r1 quickstart`: a tiny DeepSeek-V3 from random weights to a reasoner, the paper's R1-Zero in minutes.
//
// A recipe's folder holds one run folder a stage (base/, r1-zero/), summary.json and report.html. A second start
// resumes, or shows the result.
#pragma once
#include <string>

#include "base/files.h"
#include "recipe/report.h"
#include "tasks/corpus.h"
#include "tensor/exec.h"
#include "train/grpo.h"
#include "train/pretrain.h"

namespace r1 {

struct QuickstartConfig {
  uint64_t seed = 1;
  CorpusConfig corpus;
  PretrainConfig pretrain;
  GrpoConfig grpo;
  int64_t final_problems = 300, final_samples = 16;  // the before and after figures
  int64_t curve_problems = 64, curve_samples = 4;    // the curve's points during RL
};
void visit(ConfigVisitor& v, QuickstartConfig& c);

// recipes/quickstart.toml as built into the program.
std::string_view quickstart_recipe();

struct QuickstartEnd {
  RunEnd end = RunEnd::finished;
  QuickstartReport report;  // when finished
};
// Runs or resumes the recipe in `folder`; progress on standard error.
Result<QuickstartEnd> run_quickstart(Exec exec, Files& files, const std::string& folder,
                                     const QuickstartConfig& config);

// The contract's summary.json.
std::string summary_json(const QuickstartReport& report);

}  // namespace r1
