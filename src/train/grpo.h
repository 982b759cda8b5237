// R1-Zero's training: group-relative policy optimisation on verifiable tasks (DeepSeek-R1, section 2.2).
//
// Left out of the paper's loop, and why: the pass that recomputes old log-probs (the sampler runs the trainer's own
// forward, so its recorded log-probs are those, bit for bit; the largest difference is measured each rollout and
// reported).
#pragma once
#include "train/model_choice.h"
#include "train/policy_update.h"
#include "train/run.h"

namespace r1 {

// What becomes of groups whose rewards are all exactly equal: their advantages are zero.
enum class EqualGroups : uint8_t { keep, drop, resample };  // resample: dropped, and as many fresh groups drawn once

struct GrpoRewardConfig {
  std::string name = "accuracy";
  double weight = 1;
  std::string command;  // a user's own reward
  double timeout_seconds = 60;
};
void visit(ConfigVisitor& v, GrpoRewardConfig& c);

struct GrpoConfig {
  uint64_t seed = 0;
  int64_t steps = 100;  // rollouts
  std::string task = "quickstart";
  PromptStyle prompt = PromptStyle::chat;
  ModelChoice model;
  int64_t prompts_per_step = 32;
  int64_t group_size = 16;
  int64_t max_new_tokens = 160;
  double temperature = 1;
  std::vector<std::string> banned_words;  // never sampled; for ablations
  int64_t mini_batches = 1;               // optimiser steps a rollout is cut into
  int64_t epochs = 1;                     // passes over a rollout
  int64_t micro_batch_tokens = 8192;
  EqualGroups equal_groups = EqualGroups::keep;
  bool mask_truncated = false;
  GrpoFormula formula;
  int64_t reference_every = 400;  // steps after which the KL term's reference becomes the current policy
  std::vector<GrpoRewardConfig> rewards = {{"accuracy", 1, "", 60}, {"format", 1, "", 60}};
  OptimizerConfig optimizer;
  double route_bias_speed = 0;
  int64_t max_running = 512;  // sequences that decode together; changes no bit
  int64_t eval_every = 0;
  int64_t checkpoint_every = 50;
  int64_t samples_kept = 4;  // completions a step written to samples.jsonl
};
void visit(ConfigVisitor& v, GrpoConfig& c);

// The largest difference between a rollout's recorded log-probs and the trainer's, over the run: 0 is what promise 1
// means.
struct GrpoOutcome {
  RunEnd end = RunEnd::finished;
  double on_policy_max_abs_logprob_diff = 0;
};
Result<GrpoOutcome> run_grpo(TrainContext& ctx, const GrpoConfig& config, const TrainedModel& trained,
                             const TaskSet& tasks);

}  // namespace r1
