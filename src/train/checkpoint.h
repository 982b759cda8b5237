// Checkpoints: a Hugging Face folder plus optimizer, counters and, for GRPO, the reference policy.
//
// A checkpoint is written beside its final name and renamed into place, so step-N is whole or absent whatever happens.
// The newest kKept stay.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "bundle/bundle.h"
#include "model/forward.h"
#include "train/metrics.h"
#include "train/optimizer.h"

namespace r1 {

// What fixes the rest of a run beside weights and moments.
struct Progression {
  int64_t step = 0;         // steps done
  uint64_t data_index = 0;  // next sequence or problem
  double best = 0;          // free for the trainer
  RunLog::Offsets log;
};

struct TrainedModel {
  Model& model;
  const Tokenizer& tokenizer;
  const ChatTemplate& chat;
};

Status save_checkpoint(Files& files, const std::string& run_folder, const TrainedModel& trained, Optimizer& optimizer,
                       Weights* reference, const Progression& at);
// Loads the newest whole checkpoint into the arguments; nothing if there is none. Errors: a checkpoint that does not
// fit the model or optimizer, or is damaged (it is named).
Result<std::optional<Progression>> load_checkpoint(Files& files, const std::string& run_folder, Model& model,
                                                   Optimizer& optimizer, Weights* reference);

}  // namespace r1
