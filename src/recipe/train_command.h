// What `r1 train pretrain|sft|grpo CONFIG.toml` does, apart from its flags: reads the config, opens or makes the model,
// runs.
#pragma once
#include <span>
#include <string>

#include "base/files.h"
#include "tensor/exec.h"
#include "train/run.h"

namespace r1 {

struct TrainCommand {
  std::string config_path;
  std::string folder;                  // the run's
  std::vector<std::string> overrides;  // KEY=VALUE
};

// Pretraining and fine-tuning differ by their config alone: data = "corpus" or a JSONL file, model.preset or
// model.from.
Result<RunEnd> train_sequences(Exec exec, Files& files, const TrainCommand& command);
Result<RunEnd> train_grpo(Exec exec, Files& files, const TrainCommand& command);

}  // namespace r1
