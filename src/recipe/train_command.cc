#include "recipe/train_command.h"

#include <unistd.h>
#include <cmath>

#include "base/log.h"
#include "eval/evaluate.h"
#include "recipe/terminal.h"
#include "train/grpo.h"
#include "train/pretrain.h"

namespace r1 {
namespace {

// A model to train, with what it needs to read and write text.
struct Opened {
  std::unique_ptr<Model> model;
  Tokenizer tokenizer;
  ChatTemplate chat;
  TrainedModel trained() { return {*model, tokenizer, chat}; }
};

uint64_t physical_memory() { return uint64_t(::sysconf(_SC_PHYS_PAGES)) * uint64_t(::sysconf(_SC_PAGESIZE)); }

// Weights, gradients, two moments, and the activations of a micro-batch kept for the backward pass.
Status check_memory(const ModelConfig& c, int64_t micro_batch_tokens) {
  const double weights = double(count_parameters(c, true)) * 4;
  const double ffn =
      double(std::max(c.intermediate_size, c.moe_intermediate_size * std::max(1u, c.gate.num_experts_per_tok)));
  const double per_token =
      double(c.num_hidden_layers) * (16.0 * c.hidden_size + 8.0 * ffn + 4.0 * double(attention_layout(c).row)) * 4;
  const double need = weights * 4 + per_token * double(micro_batch_tokens);
  const double have = double(physical_memory());
  log_info(cat("memory: about ", std::ceil(need / 1e6), " MB (weights, gradients and moments ",
               std::ceil(weights * 4 / 1e6), " MB) of ", std::floor(have / 1e6), " MB"));
  if (need > have)
    return Error::resource(
        "memory", cat("the run needs about ", std::ceil(need / 1e9), " GB and the machine has ", std::floor(have / 1e9),
                      " GB; a smaller model or micro_batch_tokens would fit"));
  return {};
}

Result<Opened> open_model(const ModelChoice& choice, uint64_t seed, int64_t micro_batch_tokens) {
  if (!choice.from.empty()) {
    LoadOptions options;
    options.with_grad = true;
    TRY_ASSIGN(ModelBundle bundle, open_bundle(choice.from, options));
    TRY(check_memory(bundle.config, micro_batch_tokens));
    auto model = std::make_unique<Model>(bundle.config, std::move(bundle.weights));
    return Opened{std::move(model), std::move(bundle.tokenizer), bundle.chat};
  }
  ChatTemplate chat;
  TRY_ASSIGN(Tokenizer tokenizer, corpus_tokenizer(chat));
  TRY_ASSIGN(const ModelConfig config, config_of(choice, tokenizer, chat));
  TRY(check_memory(config, micro_batch_tokens));
  Weights weights = allocate_weights(config, true, true);
  initialise(config, weights, seed, config.initializer_range);
  auto model = std::make_unique<Model>(config, std::move(weights));
  return Opened{std::move(model), std::move(tokenizer), chat};
}

template <class Config>
Result<Config> read_train_config(Files& files, const TrainCommand& command) {
  TRY_ASSIGN(const std::string text, files.read(command.config_path, 16 << 20));
  Config config;
  TRY(read_config(text, command.config_path, command.overrides, config));
  return config;
}

// What eval_every takes: the loss of eval_data, or, for the corpus, how often held-out problems are solved.
Result<HeldOutEval> sequence_eval(Exec exec, Files& files, const PretrainConfig& config, Opened& opened) {
  if (!config.eval_data.empty()) {
    TRY_ASSIGN(auto source, jsonl_source(files, config.eval_data, opened.tokenizer, opened.chat, config.seed,
                                         opened.model->config.max_position_embeddings));
    const std::shared_ptr<SequenceSource> data = std::move(source);
    return HeldOutEval([=, tokens = size_t(config.micro_batch_tokens)](Model& model) {
      return heldout_loss(exec, model, *data, tokens);
    });
  }
  if (config.eval_every == 0) return HeldOutEval();
  if (config.data != "corpus")
    return Error::invalid("eval_every", cat("is ", config.eval_every, ", but eval_data names no file to evaluate on"));
  TRY_ASSIGN(std::shared_ptr<TaskSet> tasks, open_task_set("quickstart", TaskSetOptions{}, files));
  return HeldOutEval([=, &opened](Model& model) -> Result<Metrics> {
    EvalOptions options;
    options.samples = 4;
    options.max_new_tokens = 160;
    options.seed = config.seed;
    TRY_ASSIGN(const EvalReport r,
               evaluate(exec, model, opened.tokenizer, opened.chat, *tasks, tasks->heldout(64, config.seed), options));
    return named_scores(r.all);
  });
}

}  // namespace

Result<RunEnd> train_sequences(Exec exec, Files& files, const TrainCommand& command) {
  TRY_ASSIGN(const PretrainConfig config, read_train_config<PretrainConfig>(files, command));
  TRY_ASSIGN(Opened opened, open_model(config.model, config.seed, config.micro_batch_tokens));
  std::unique_ptr<SequenceSource> data;
  if (config.data == "corpus") {
    data = corpus_source(CorpusConfig{}, opened.tokenizer, opened.chat, config.seed);
  } else {
    TRY_ASSIGN(data, jsonl_source(files, config.data, opened.tokenizer, opened.chat, config.seed,
                                  opened.model->config.max_position_embeddings));
    log_info(cat("data: ", data->size(), " samples in ", config.data));
  }
  TRY_ASSIGN(const HeldOutEval evaluate_heldout, sequence_eval(exec, files, config, opened));
  log_info(cat("batch: ", config.batch_tokens, " tokens a step, at most ", config.micro_batch_tokens, " at a time, ",
               config.steps, " steps"));
  Progress progress("training");
  TrainContext ctx{exec, files, command.folder, evaluate_heldout, [&](int64_t step, int64_t steps, const Metrics& m) {
                     progress.update(double(step) / double(steps), cat("step ", step, " of ", steps, ", loss ",
                                                                       std::round(metric(m, "loss") * 1000) / 1000));
                   }};
  if (run_is_finished(ctx)) {
    TRY(begin_run(ctx, config));
    log_info(cat(command.folder, " is finished already; its model is in final/"));
    return RunEnd::finished;
  }
  return run_pretrain(ctx, config, opened.trained(), *data);
}

Result<RunEnd> train_grpo(Exec exec, Files& files, const TrainCommand& command) {
  TRY_ASSIGN(const GrpoConfig config, read_train_config<GrpoConfig>(files, command));
  if (config.model.from.empty())
    return Error::invalid(cat(command.config_path, ": model.from"),
                          "is missing; expected the folder of the model to train");
  TRY_ASSIGN(Opened opened, open_model(config.model, config.seed, config.micro_batch_tokens));
  TRY_ASSIGN(const auto tasks, open_task_set(config.task, TaskSetOptions{}, files));
  for (const std::string& note : tasks->notes()) log_info(note);
  log_info(cat("batch: ", config.prompts_per_step, " prompts x ", config.group_size,
               " samples = ", config.prompts_per_step * config.group_size, " completions a step, ",
               config.mini_batches * config.epochs, " updates of ",
               config.prompts_per_step * config.group_size / config.mini_batches, " each"));
  log_info("loss near 0 is right at a ratio of exactly 1: a group's advantages sum to zero");
  const std::vector<Problem> heldout = tasks->heldout(64, config.seed);
  log_info(cat("held out: ", heldout.size(), " problems, disjoint from training by a hash of their content"));
  const HeldOutEval evaluate_heldout = [&](Model& model) -> Result<Metrics> {
    EvalOptions options;
    options.samples = 8;
    options.prompt = config.prompt;
    options.max_new_tokens = size_t(config.max_new_tokens);
    options.seed = config.seed;
    TRY_ASSIGN(const EvalReport r, evaluate(exec, model, opened.tokenizer, opened.chat, *tasks, heldout, options));
    return named_scores(r.all);
  };
  LiveTraining live(stderr_is_terminal());
  TrainContext ctx{exec, files, command.folder, heldout.empty() ? HeldOutEval() : evaluate_heldout,
                   [&](int64_t step, int64_t steps, const Metrics& m) { live.step(step, steps, m); }};
  if (run_is_finished(ctx)) {
    TRY(begin_run(ctx, config));
    log_info(cat(command.folder, " is finished already; its model is in final/"));
    return RunEnd::finished;
  }
  TRY_ASSIGN(const GrpoOutcome outcome, run_grpo(ctx, config, opened.trained(), *tasks));
  live.finish();
  log_info(cat("largest difference between sampled and trained log-probs: ", outcome.on_policy_max_abs_logprob_diff));
  return outcome.end;
}

}  // namespace r1
