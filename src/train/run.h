// What every training run shares: where it writes, what it runs on, how it starts, resumes and ends.
#pragma once
#include <functional>
#include <string>

#include "base/files.h"
#include "format/toml_config.h"
#include "tensor/exec.h"
#include "train/checkpoint.h"

namespace r1 {

// Held-out evaluation, provided by whoever starts the run: named figures ("pass@1", "mean_length", ...) of a model.
using HeldOutEval = std::function<Result<Metrics>(Model& model)>;
// Told after each step, for live displays.
using StepListener = std::function<void(int64_t step, int64_t steps, const Metrics& metrics)>;

struct TrainContext {
  Exec exec;
  Files& files;
  std::string folder;    // the run's
  HeldOutEval evaluate;  // may be empty
  StepListener on_step;  // may be empty
};

enum class RunEnd : uint8_t { finished, interrupted };

// Whether the folder holds anything a run has made: a step's figures, a checkpoint, a model.
bool run_has_begun(TrainContext& ctx);

// Creates the folder and writes config.toml; or, if a run is there, checks that its config is the same. An error names
// the keys that differ. A run that failed before its first step leaves nothing to protect: its config is replaced.
template <class Config>
Status begin_run(TrainContext& ctx, const Config& config) {
  const std::string path = join_path(ctx.folder, "config.toml");
  if (!ctx.files.exists(path)) {
    TRY(ctx.files.make_directories(ctx.folder));
    return ctx.files.write(path, write_config(config));
  }
  TRY_ASSIGN(const std::string text, ctx.files.read(path, 16 << 20));
  Config existing;
  TRY(read_config(text, path, {}, existing));
  const std::vector<std::string> differences = config_differences(existing, config);
  if (differences.empty()) return {};
  if (!run_has_begun(ctx)) return ctx.files.write(path, write_config(config));
  std::string list;
  for (const std::string& d : differences) list += cat(list.empty() ? "" : "; ", d);
  return Error::invalid(ctx.folder,
                        cat("holds a run with another config: ", list, "; choose another --out or the same settings"));
}

// ctx.evaluate, which Ctrl-C cuts short: then once more in full, since the step is to be finished and its line needs
// the figures, and `stop` is set. A second Ctrl-C is an error of kind interrupted. REQUIRES: ctx.evaluate.
Result<Metrics> heldout_figures(TrainContext& ctx, Model& model, bool& stop);

// True once final/ is there.
inline bool run_is_finished(TrainContext& ctx) { return ctx.files.exists(join_path(ctx.folder, "final/config.json")); }
// Writes final/ (whole or not at all) and returns `finished`. REQUIRES: not finished yet.
Result<RunEnd> finish_run(TrainContext& ctx, const TrainedModel& trained);

double wall_time();  // seconds since 1970
// Resident memory of this process, bytes; 0 where the system does not say.
uint64_t resident_memory();

}  // namespace r1
