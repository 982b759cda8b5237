#include "train/grpo.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/interrupt.h"
#include "base/log.h"
#include "train/grpo_metrics.h"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;

struct Trainer {
  TrainContext& ctx;
  const GrpoConfig& config;
  const TrainedModel& trained;
  const TaskSet& tasks;
  std::vector<WeightedReward> rewards;
  SamplingPlan sampling;
  UpdatePlan update;
  BufferPool buffers;
};

// The tokens that are one of the words, alone or after a space.
Result<std::vector<int>> tokens_of_words(const Tokenizer& tokenizer, const std::vector<std::string>& words) {
  std::vector<int> out;
  for (const std::string& word : words) {
    const size_t before = out.size();
    for (const std::string& spelling : {word, " " + word})
      if (const auto id = tokenizer.token_id(spelling); id.ok()) out.push_back(*id);
    if (out.size() == before)
      return Error::invalid("banned_words", cat("has \"", word, "\", which is not one token of this model"));
  }
  return out;
}

Result<std::vector<WeightedReward>> make_rewards(const GrpoConfig& config) {
  std::vector<WeightedReward> out;
  for (const GrpoRewardConfig& r : config.rewards) {
    TRY_ASSIGN(auto reward, make_reward({r.name, r.weight, r.command, r.timeout_seconds}));
    out.push_back({std::move(reward), r.weight});
  }
  return out;
}

struct Collected {
  std::vector<RolloutGroup> groups;  // all that were sampled: the step's figures are of the policy, not of a selection
  RolloutCounts counts;
};

// Samples and scores a step's groups; draws replacements for all-equal ones once, if the config says so.
Result<Collected> collect(Trainer& t, uint64_t& data_index) {
  Collected out;
  size_t wanted = size_t(t.config.prompts_per_step);
  const int rounds = t.config.equal_groups == EqualGroups::resample ? 2 : 1;
  for (int round = 0; round < rounds && wanted > 0; ++round) {
    Engine engine(t.ctx.exec, t.trained.model, {size_t(t.config.max_running), 4096});
    TRY_ASSIGN(auto groups,
               sample_groups(engine, t.trained.tokenizer, t.trained.chat, t.tasks, data_index, wanted, t.sampling));
    data_index += wanted;
    if (interrupted()) return out;  // half-sampled: the step is not taken
    TRY(score_groups(groups, t.rewards, t.update.formula));
    out.counts.groups_sampled += groups.size();
    size_t equal = 0;
    for (RolloutGroup& g : groups) {
      equal += is_degenerate(g);
      out.groups.push_back(std::move(g));
    }
    out.counts.groups_equal += equal;
    wanted = equal;
  }
  return out;
}

// What the update learns from: without all-equal groups, unless they are kept.
std::vector<PolicySample> shuffled_samples(const std::vector<RolloutGroup>& groups, EqualGroups equal_groups, Rng rng) {
  std::vector<PolicySample> out;
  for (const RolloutGroup& g : groups) {
    if (equal_groups != EqualGroups::keep && is_degenerate(g)) continue;
    for (const Rollout& r : g.rollouts) out.push_back({&g, &r});
  }
  rng.shuffle(out);
  return out;
}

struct UpdateTotals {
  double loss = 0, kl = 0, entropy = 0, clip_low = 0, clip_high = 0, grad_norm = 0, on_policy_diff = 0;
  size_t tokens = 0, updates = 0;
};

// The rollout's mini-batches, one optimiser step each. Before the first of them the policy is the one that sampled, so
// its log-probs must equal the recorded ones and every ratio is 1.
Result<UpdateTotals> update_policy(Trainer& t, Optimizer& optimizer, Model* reference,
                                   const std::vector<RolloutGroup>& groups, int64_t step, double lr_factor) {
  UpdateTotals totals;
  const size_t parts = size_t(t.config.mini_batches);
  for (int64_t epoch = 0; epoch < t.config.epochs; ++epoch) {
    const std::vector<PolicySample> samples =
        shuffled_samples(groups, t.config.equal_groups,
                         {t.config.seed, hash64("mini-batches", uint64_t(step) * 1000 + uint64_t(epoch)), 0});
    for (size_t part = 0; part < parts; ++part) {
      const size_t begin = samples.size() * part / parts, end = samples.size() * (part + 1) / parts;
      if (begin == end) continue;
      const UpdateReport r = accumulate_policy_gradient(t.ctx.exec, t.buffers, t.trained.model, reference,
                                                        std::span(samples).subspan(begin, end - begin), t.update);
      const Optimizer::StepReport applied = optimizer.step(t.ctx.exec, lr_factor);
      if (!applied.non_finite.empty() || !std::isfinite(r.loss))
        return Error::invalid(cat("step ", step), cat("loss is ", r.loss, " and the gradient of ",
                                                      applied.non_finite.empty() ? "nothing" : applied.non_finite,
                                                      " is not finite, in mini-batch ", part + 1, " of ", parts));
      update_route_bias(t.trained.model, r.load, float(t.config.route_bias_speed));
      if (totals.updates == 0) totals.on_policy_diff = r.max_abs_log_prob_diff;
      totals.loss += r.loss;
      totals.kl += r.kl;
      totals.entropy += r.entropy;
      totals.clip_low += r.clip_low;
      totals.clip_high += r.clip_high;
      totals.grad_norm += applied.grad_norm;
      totals.tokens += r.tokens;
      ++totals.updates;
    }
  }
  return totals;
}

void append_update_metrics(Metrics& m, const UpdateTotals& u, double learning_rate) {
  const double n = double(std::max<size_t>(1, u.updates));
  m.insert(m.end(), {{"loss", u.loss / n},
                     {"kl", u.kl / n},
                     {"entropy", u.entropy / n},
                     {"clip_ratio/low_mean", u.clip_low / n},
                     {"clip_ratio/high_mean", u.clip_high / n},
                     {"grad_norm", u.grad_norm / n},
                     {"learning_rate", learning_rate},
                     {"num_tokens", double(u.tokens)},
                     {"on_policy_max_abs_logprob_diff", u.on_policy_diff}});
}

Status write_samples(Trainer& t, RunLog& log, int64_t step, const std::vector<RolloutGroup>& groups) {
  for (size_t i = 0; i < std::min(groups.size(), size_t(t.config.samples_kept)); ++i)
    TRY(log.sample(sample_line(step, groups[i], groups[i].rollouts[0], t.rewards)));
  return {};
}

void warn_about(const Metrics& m, int64_t step) {
  if (metric(m, "frac_reward_zero_std") > 0.8)
    log_warning(cat("step ", step, ": ", int(100 * metric(m, "frac_reward_zero_std")),
                    "% of the groups have all-equal rewards and teach nothing: the task may be too easy or too hard"));
  if (metric(m, "completions/clipped_ratio") > 0.5)
    log_warning(cat("step ", step, ": ", int(100 * metric(m, "completions/clipped_ratio")),
                    "% of the answers were cut off: consider a larger max_new_tokens"));
}

Weights copy_of(const ModelConfig& config, Weights& from) {
  Weights copy = allocate_weights(config, false, !from.mtp.empty());
  const std::vector<Param*> source = all_params(config, from), target = all_params(config, copy);
  for (size_t i = 0; i < source.size(); ++i)
    std::copy_n(source[i]->value.data(), source[i]->value.size(), target[i]->value.data());
  return copy;
}

Result<Trainer> make_trainer(TrainContext& ctx, const GrpoConfig& config, const TrainedModel& trained,
                             const TaskSet& tasks) {
  Trainer t{ctx, config, trained, tasks, {}, {}, {}, {}};
  TRY_ASSIGN(t.rewards, make_rewards(config));
  TRY_ASSIGN(std::vector<int> banned, tokens_of_words(trained.tokenizer, config.banned_words));
  t.sampling = {config.prompt,
                size_t(config.group_size),
                size_t(config.max_new_tokens),
                {float(config.temperature), config.seed, banned},
                stop_tokens(trained.model.config, trained.tokenizer, trained.chat),
                trained.model.config.max_position_embeddings};
  t.update = {config.formula, config.temperature,   size_t(config.max_new_tokens), size_t(config.micro_batch_tokens),
              banned,         config.mask_truncated};
  return t;
}

}  // namespace

Result<GrpoOutcome> run_grpo(TrainContext& ctx, const GrpoConfig& config, const TrainedModel& trained,
                             const TaskSet& tasks) {
  TRY_ASSIGN(Trainer t, make_trainer(ctx, config, trained, tasks));
  TRY(begin_run(ctx, config));
  Optimizer optimizer(config.optimizer, trained.model.config, trained.model.weights);
  const bool has_reference = config.formula.beta != 0;
  Model reference(trained.model.config,
                  has_reference ? copy_of(trained.model.config, trained.model.weights) : Weights{});
  TRY_ASSIGN(const auto resumed, load_checkpoint(ctx.files, ctx.folder, trained.model, optimizer,
                                                 has_reference ? &reference.weights : nullptr));
  Progression at = resumed.value_or(Progression{});
  RunLog log(ctx.files, ctx.folder);
  TRY(log.rewind(at.log));
  GrpoOutcome outcome{RunEnd::finished, at.best};

  while (at.step < config.steps) {
    const auto start = Clock::now();
    Progression next = at;
    ++next.step;
    TRY_ASSIGN(const Collected rollout, collect(t, next.data_index));
    const double sampled = seconds_since(start);
    bool stop = interrupted();
    if (!stop) {
      const double lr_factor = schedule_factor(config.optimizer, at.step, config.steps);
      TRY_ASSIGN(const UpdateTotals update, update_policy(t, optimizer, has_reference ? &reference : nullptr,
                                                          rollout.groups, next.step, lr_factor));
      if (has_reference && next.step % config.reference_every == 0)
        reference.weights = copy_of(trained.model.config, trained.model.weights);
      outcome.on_policy_max_abs_logprob_diff = std::max(outcome.on_policy_max_abs_logprob_diff, update.on_policy_diff);
      const double updated = seconds_since(start) - sampled;

      Metrics m = rollout_metrics(rollout.groups, t.rewards, rollout.counts);
      append_update_metrics(m, update, config.optimizer.lr * lr_factor);
      if (ctx.evaluate && config.eval_every > 0 && next.step % config.eval_every == 0) {
        TRY_ASSIGN(const Metrics scores, heldout_figures(ctx, trained.model, stop));
        for (const auto& [name, value] : scores) m.push_back({"eval/" + name, value});
      }
      warn_about(m, next.step);
      TRY(log.metrics(next.step, m));
      TRY(write_samples(t, log, next.step, rollout.groups));
      TRY(log.timings(next.step, wall_time(),
                      {{"seconds/step", seconds_since(start)},
                       {"seconds/rollout", sampled},
                       {"seconds/update", updated},
                       {"memory/resident_bytes", double(resident_memory())}},
                      m));
      at = next;
      at.log = log.offsets();
      at.best = outcome.on_policy_max_abs_logprob_diff;
      if (ctx.on_step) ctx.on_step(at.step, config.steps, m);
    }
    if (stop || at.step % config.checkpoint_every == 0 || at.step == config.steps)
      TRY(save_checkpoint(ctx.files, ctx.folder, trained, optimizer, has_reference ? &reference.weights : nullptr, at));
    if (stop && at.step < config.steps) {
      outcome.end = RunEnd::interrupted;
      return outcome;
    }
  }
  TRY_ASSIGN(outcome.end, finish_run(ctx, trained));
  return outcome;
}

}  // namespace r1
