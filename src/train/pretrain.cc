#include "train/pretrain.h"

#include <chrono>

#include "base/interrupt.h"
#include "base/log.h"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;

// The sequences of the next step: from the cursor on, as many as fit.
Result<std::vector<TrainSequence>> take_batch(const SequenceSource& data, uint64_t& cursor, size_t batch_tokens,
                                              size_t context) {
  std::vector<TrainSequence> out;
  size_t tokens = 0;
  for (;;) {
    TRY_ASSIGN(TrainSequence s, data.sequence(cursor));
    if (s.tokens.size() > context)
      return Error::invalid(
          cat("sequence ", cursor),
          cat("has ", s.tokens.size(), " tokens; expected at most the model's ", "max_position_embeddings ", context));
    if (!out.empty() && tokens + s.tokens.size() > batch_tokens) return out;
    tokens += s.tokens.size();
    out.push_back(std::move(s));
    ++cursor;
    if (tokens >= batch_tokens) return out;
  }
}

size_t trained_tokens(std::span<const TrainSequence> sequences) {
  size_t n = 0;
  for (const TrainSequence& s : sequences)
    for (size_t i = 1; i < s.trained.size(); ++i) n += s.trained[i];
  return n;
}

struct StepResult {
  LossReport loss;
  size_t tokens = 0;
};

StepResult accumulate(const Exec& exec, BufferPool& buffers, Model& model, std::span<const TrainSequence> sequences,
                      const PretrainConfig& config) {
  StepResult out;
  const size_t total = trained_tokens(sequences);
  for (size_t begin = 0; begin < sequences.size();) {
    size_t end = begin, tokens = 0;
    while (end < sequences.size() &&
           (end == begin || tokens + sequences[end].tokens.size() <= size_t(config.micro_batch_tokens)))
      tokens += sequences[end++].tokens.size();
    const double share = double(end - begin) / double(sequences.size());
    const LossReport part = sequence_loss(exec, buffers, model, pack_batch(sequences.subspan(begin, end - begin)),
                                          total, {config.mtp_weight, config.balance_weight * share}, true);
    out.loss.loss += part.loss;
    out.loss.mtp_loss += part.mtp_loss * share;
    out.loss.balance_loss += part.balance_loss * share;
    add_load(out.loss.load, part.load);
    out.tokens += tokens;
    begin = end;
  }
  return out;
}

// The busiest expert's load over the mean, worst layer: 1 is perfect balance.
double load_imbalance(const std::vector<std::vector<uint32_t>>& load) {
  double worst = 1;
  for (const auto& layer : load) {
    double sum = 0, top = 0;
    for (uint32_t n : layer) {
      sum += n;
      top = std::max(top, double(n));
    }
    if (sum > 0) worst = std::max(worst, top * double(layer.size()) / sum);
  }
  return worst;
}

}  // namespace

void visit(ConfigVisitor& v, PretrainConfig& c) {
  v.field("seed", c.seed);
  v.field("steps", c.steps, at_least(1));
  v.field("batch_tokens", c.batch_tokens, at_least(1));
  v.field("micro_batch_tokens", c.micro_batch_tokens, at_least(1));
  v.field("data", c.data);
  v.section("model", c.model);
  v.section("optimizer", c.optimizer);
  v.field("mtp_weight", c.mtp_weight, at_least(0));
  v.field("balance_weight", c.balance_weight, at_least(0));
  v.field("route_bias_speed", c.route_bias_speed, at_least(0));
  v.field("eval_every", c.eval_every, at_least(0));
  v.field("eval_data", c.eval_data);
  v.field("checkpoint_every", c.checkpoint_every, at_least(1));
}

Result<Metrics> heldout_loss(Exec exec, Model& model, const SequenceSource& data, size_t micro_batch_tokens) {
  BufferPool buffers;
  double sum = 0;
  size_t total = 0;
  for (uint64_t at = 0; at < data.size();) {
    std::vector<TrainSequence> part;
    for (size_t tokens = 0; at < data.size() && (part.empty() || tokens < micro_batch_tokens);) {
      TRY_ASSIGN(TrainSequence s, data.sequence(at++));
      tokens += s.tokens.size();
      part.push_back(std::move(s));
    }
    const PackedBatch batch = pack_batch(part);
    sum += sequence_loss(exec, buffers, model, batch, 1, {}, false).loss;
    total += batch.trained_tokens;
  }
  if (total == 0) return Error::invalid("eval_data", "has no token to predict");
  return Metrics{{"loss", sum / double(total)}};
}

Result<RunEnd> run_pretrain(TrainContext& ctx, const PretrainConfig& config, const TrainedModel& trained,
                            const SequenceSource& data) {
  Model& model = trained.model;
  Optimizer optimizer(config.optimizer, model.config, model.weights);
  TRY(begin_run(ctx, config));
  TRY_ASSIGN(const auto resumed, load_checkpoint(ctx.files, ctx.folder, model, optimizer, nullptr));
  Progression at = resumed.value_or(Progression{});
  RunLog log(ctx.files, ctx.folder);
  TRY(log.rewind(at.log));

  BufferPool buffers;
  while (at.step < config.steps) {
    const auto start = Clock::now();
    TRY_ASSIGN(const std::vector<TrainSequence> batch,
               take_batch(data, at.data_index, size_t(config.batch_tokens), model.config.max_position_embeddings));
    const StepResult result = accumulate(ctx.exec, buffers, model, batch, config);
    const double factor = schedule_factor(config.optimizer, at.step, config.steps);
    const Optimizer::StepReport update = optimizer.step(ctx.exec, factor);
    if (!update.non_finite.empty() || !std::isfinite(result.loss.loss))
      return Error::invalid(cat("step ", at.step + 1), cat("loss is ", result.loss.loss, " and the gradient of ",
                                                           update.non_finite.empty() ? "nothing" : update.non_finite,
                                                           " is not finite; the batch is sequences ",
                                                           at.data_index - batch.size(), " to ", at.data_index - 1));
    update_route_bias(model, result.loss.load, float(config.route_bias_speed));
    ++at.step;

    Metrics m = {{"loss", result.loss.loss},
                 {"grad_norm", update.grad_norm},
                 {"learning_rate", config.optimizer.lr * factor},
                 {"num_tokens", double(result.tokens)}};
    if (!model.weights.mtp.empty()) m.push_back({"mtp_loss", result.loss.mtp_loss});
    if (model.config.gate.n_routed_experts > 0)
      m.insert(m.end(), {{"balance_loss", result.loss.balance_loss},
                         {"expert_load/max_over_mean", load_imbalance(result.loss.load)}});
    const double seconds = seconds_since(start);
    bool stop = false;
    if (ctx.evaluate && config.eval_every > 0 && at.step % config.eval_every == 0) {
      TRY_ASSIGN(const Metrics scores, heldout_figures(ctx, model, stop));
      for (const auto& [name, value] : scores) m.push_back({"eval/" + name, value});
    }
    TRY(log.metrics(at.step, m));
    TRY(log.timings(at.step, wall_time(),
                    {{"seconds/step", seconds},
                     {"tokens_per_second", double(result.tokens) / seconds},
                     {"memory/resident_bytes", double(resident_memory())}},
                    m));
    if (ctx.on_step) ctx.on_step(at.step, config.steps, m);
    stop = stop || interrupted();
    if (stop || at.step % config.checkpoint_every == 0 || at.step == config.steps) {
      at.log = log.offsets();
      TRY(save_checkpoint(ctx.files, ctx.folder, trained, optimizer, nullptr, at));
    }
    if (stop && at.step < config.steps) return RunEnd::interrupted;
  }
  return finish_run(ctx, trained);
}

}  // namespace r1
