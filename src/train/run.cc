#include "train/run.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "base/interrupt.h"

namespace r1 {

bool run_has_begun(TrainContext& ctx) {
  for (const char* name : {"checkpoints", "final"})
    if (ctx.files.exists(join_path(ctx.folder, name))) return true;
  const std::string metrics = join_path(ctx.folder, "metrics.jsonl");
  if (!ctx.files.exists(metrics)) return false;
  const auto text = ctx.files.read(metrics);
  return !text.ok() || !text->empty();
}

Result<Metrics> heldout_figures(TrainContext& ctx, Model& model, bool& stop) {
  auto figures = ctx.evaluate(model);
  if (figures.ok() || figures.error().kind != ErrorKind::interrupted) return figures;
  stop = true;
  clear_interrupt();
  return ctx.evaluate(model);
}

Result<RunEnd> finish_run(TrainContext& ctx, const TrainedModel& trained) {
  const std::string making = join_path(ctx.folder, "final.writing");
  const auto write_all = [&]() -> Status {
    TRY(ctx.files.remove_all(making));
    TRY(save_bundle(ctx.files, making, trained.model.config, trained.model.weights, trained.tokenizer, trained.chat));
    return ctx.files.rename(making, join_path(ctx.folder, "final"));
  };
  if (const Status status = write_all(); !status.ok()) {
    (void)ctx.files.remove_all(making);  // give the space back; the checkpoints stay
    return status.error().within("saving the final model");
  }
  return RunEnd::finished;
}

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

uint64_t resident_memory() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  unsigned long long total = 0, resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return read == 2 ? resident * uint64_t(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace r1
