// Pretraining and supervised fine-tuning: next-token cross-entropy over packed sequences, with the MTP and balance
// losses of DeepSeek-V3 where the model has them.
#pragma once
#include "tasks/corpus.h"
#include "train/data.h"
#include "train/model_choice.h"
#include "train/optimizer.h"
#include "train/run.h"

namespace r1 {

struct PretrainConfig {
  uint64_t seed = 0;
  int64_t steps = 1400;
  int64_t batch_tokens = 1536;        // a step's sequences: as many as fit, at least one
  int64_t micro_batch_tokens = 8192;  // memory bound; moves roundings where a weight has several uses (tied embeddings)
  std::string data = "corpus";        // "corpus" or a JSONL file
  ModelChoice model;
  OptimizerConfig optimizer;
  double mtp_weight = 0.3;         // lambda
  double balance_weight = 1e-4;    // alpha of the sequence-wise balance loss
  double route_bias_speed = 1e-3;  // gamma of auxiliary-loss-free balancing
  int64_t eval_every = 0;          // steps; 0: never
  std::string eval_data;           // a JSONL file whose mean loss is taken then
  int64_t checkpoint_every = 200;
};
void visit(ConfigVisitor& v, PretrainConfig& c);

// The mean cross-entropy over the trained tokens of all items of a finite source, as "loss". Error: no trained token.
Result<Metrics> heldout_loss(Exec exec, Model& model, const SequenceSource& data, size_t micro_batch_tokens);

// Trains `trained` in place. Resumes from the newest checkpoint in ctx.folder.
Result<RunEnd> run_pretrain(TrainContext& ctx, const PretrainConfig& config, const TrainedModel& trained,
                            const SequenceSource& data);

}  // namespace r1
