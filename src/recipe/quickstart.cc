#include "recipe/quickstart.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/log.h"
#include "eval/evaluate.h"
#include "format/json_parse.h"
#include "format/jsonl.h"
#include "recipe/terminal.h"

namespace r1 {
namespace {

// Everything the stages share.
struct Stage {
  Exec exec;
  Files& files;
  std::string folder;
  QuickstartConfig config;
  Tokenizer tokenizer;
  ChatTemplate chat;
  std::unique_ptr<TaskSet> tasks;
  std::unique_ptr<Model> model;

  TrainedModel trained() { return {*model, tokenizer, chat}; }
};

Result<EvalReport> heldout_scores(Stage& s, Model& model, size_t problems, size_t samples, std::string_view label) {
  EvalOptions options;
  options.samples = samples;
  options.max_new_tokens = size_t(s.config.grpo.max_new_tokens);
  options.seed = s.config.seed;
  Progress progress{std::string(label)};
  const EvalProgress show = label.empty() ? EvalProgress() : [&](size_t done, size_t all) {
    progress.update(double(done) / double(all), cat(done, " of ", all, " samples"));
  };
  const std::vector<Problem> list = s.tasks->heldout(problems, s.config.seed);
  return evaluate(s.exec, model, s.tokenizer, s.chat, *s.tasks, list, options, show);
}

Metrics by_task(const EvalReport& report) {
  Metrics out;
  for (const auto& [task, scores] : report.by_task) out.push_back({task + " pass@1", scores.pass_at_1});
  return out;
}

Status say_facts(Stage& s) {
  const ModelConfig& c = s.model->config;
  const size_t split_sample = 2000;
  for (size_t i = 0; i < split_sample; ++i)
    if (split_of(s.tasks->train_problem(s.config.seed, i)) != Split::train)
      return Error::invalid("quickstart", "a training problem is in the held-out split");
  log_info(cat("model: ", count_parameters(c, false), " parameters (", count_parameters(c, true),
               " with the MTP module), ", c.num_hidden_layers, " layers, ", c.gate.n_routed_experts,
               " experts, vocabulary ", c.vocab_size, "; kernels ", s.exec.kernels.name, ", ", s.exec.pool.threads(),
               " threads"));
  log_info(cat("pretraining: ", s.config.pretrain.steps, " steps of ", s.config.pretrain.batch_tokens,
               " tokens; RL: ", s.config.grpo.steps, " steps of ", s.config.grpo.prompts_per_step, " prompts x ",
               s.config.grpo.group_size, " samples, ", s.config.grpo.mini_batches, " updates each"));
  log_info(cat("held-out problems are a tenth of all by a hash of their content: none of ", split_sample,
               " training problems checked is among them"));
  log_info("a GRPO loss near 0 is right: with a ratio of exactly 1, advantages of a group sum to zero");
  return {};
}

Result<RunEnd> pretrain_stage(Stage& s) {
  PretrainConfig config = s.config.pretrain;
  config.seed = s.config.seed;
  Progress progress("pretraining");
  TrainContext ctx{
      s.exec, s.files, join_path(s.folder, "base"), {}, [&](int64_t step, int64_t steps, const Metrics& m) {
        progress.update(double(step) / double(steps),
                        cat("step ", step, " of ", steps, ", loss ", std::round(metric(m, "loss") * 1000) / 1000));
      }};
  if (run_is_finished(ctx)) {
    TRY(begin_run(ctx, config));
    return RunEnd::finished;
  }
  const auto source = corpus_source(s.config.corpus, s.tokenizer, s.chat, config.seed);
  TRY_ASSIGN(const RunEnd end, run_pretrain(ctx, config, s.trained(), *source));
  if (end == RunEnd::finished) progress.finish("done");
  return end;
}

Result<GrpoOutcome> grpo_stage(Stage& s, LiveTraining& live) {
  GrpoConfig config = s.config.grpo;
  config.seed = s.config.seed;
  const HeldOutEval eval = [&](Model& model) -> Result<Metrics> {
    TRY_ASSIGN(const EvalReport r,
               heldout_scores(s, model, size_t(s.config.curve_problems), size_t(s.config.curve_samples), ""));
    return named_scores(r.all);
  };
  TrainContext ctx{s.exec, s.files, join_path(s.folder, "r1-zero"), eval,
                   [&](int64_t step, int64_t steps, const Metrics& m) { live.step(step, steps, m); }};
  if (run_is_finished(ctx)) {
    TRY(begin_run(ctx, config));
    return GrpoOutcome{};
  }
  return run_grpo(ctx, config, s.trained(), *s.tasks);
}

// The finished stage's weights, into the model that is at hand.
Status load_stage(Stage& s, const std::string& name) {
  LoadOptions options;
  options.with_grad = true;
  TRY_ASSIGN(ModelBundle bundle, open_bundle(join_path(s.folder, name), options));
  s.model = std::make_unique<Model>(bundle.config, std::move(bundle.weights));
  return {};
}

struct Curves {
  std::vector<CurvePoint> heldout;
  std::vector<TrainPoint> training;
  double on_policy_diff = 0;
};

// NaN for what a line does not say: a gap in a chart.
double number(const nlohmann::json& line, const char* key) {
  const auto it = line.find(key);
  return it != line.end() && it->is_number() ? it->get<double>() : std::nan("");
}

Result<Curves> read_curves(Stage& s) {
  const std::string path = join_path(s.folder, "r1-zero/metrics.jsonl");
  TRY_ASSIGN(const std::string text, s.files.read(path, 64 << 20));
  Curves out;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    TRY_ASSIGN(const nlohmann::json line, parse_json(std::string_view(text).substr(begin, end - begin), path));
    begin = end + 1;
    const int64_t step = int64_t(number(line, "step"));
    out.training.push_back({step, number(line, "rewards/accuracy/mean"), number(line, "rewards/format/mean"),
                            number(line, "completions/mean_length"), number(line, "completions/reflective_share"),
                            number(line, "completions/mixed_language_share"), number(line, "entropy")});
    if (line.contains("eval/pass@1"))
      out.heldout.push_back({step, number(line, "eval/pass@1"), number(line, "eval/mean_length")});
    out.on_policy_diff = std::max(out.on_policy_diff, number(line, "on_policy_max_abs_logprob_diff"));
  }
  return out;
}

// Problems as both models thought them through, first sample each: those that RL turned right first, then the rest, so
// that misses are seen too.
std::vector<SideBySide> side_by_side(const EvalReport& base, const EvalReport& zero) {
  std::vector<SideBySide> out;
  for (size_t i = 0; i < std::min(base.kept.size(), zero.kept.size()); ++i)
    out.push_back({base.kept[i].prompt, base.kept[i].reference, base.kept[i].completion, zero.kept[i].completion,
                   base.kept[i].correct, zero.kept[i].correct});
  constexpr size_t kShown = 8, kTurned = 5;
  std::stable_partition(out.begin(), out.end(), [](const SideBySide& e) { return e.zero_correct && !e.base_correct; });
  if (out.size() > kShown) std::rotate(out.begin() + kTurned, out.end() - (kShown - kTurned), out.end());
  out.resize(std::min(out.size(), kShown));
  return out;
}

// What a finished recipe took; 0 if it is not finished. Showing a result again does not change its figure.
Result<double> seconds_of_summary(Files& files, const std::string& folder) {
  const std::string path = join_path(folder, "summary.json");
  if (!files.exists(path)) return 0.0;
  TRY_ASSIGN(const std::string text, files.read(path, 16 << 20));
  TRY_ASSIGN(const nlohmann::json j, parse_json(text, path));
  return json_get<double>(j, path, "seconds");
}

Result<Stage> prepare(Exec exec, Files& files, const std::string& folder, const QuickstartConfig& config) {
  TRY(config.corpus.validate());
  ChatTemplate chat;
  TRY_ASSIGN(Tokenizer tokenizer, corpus_tokenizer(chat));
  TaskSetOptions options;
  options.corpus = config.corpus;
  TRY_ASSIGN(auto tasks, open_task_set("quickstart", options, files));
  TRY_ASSIGN(const ModelConfig model_config, config_of(config.pretrain.model, tokenizer, chat));
  Weights weights = allocate_weights(model_config, true, true);
  initialise(model_config, weights, config.seed, model_config.initializer_range);
  return Stage{exec,
               files,
               folder,
               config,
               std::move(tokenizer),
               chat,
               std::move(tasks),
               std::make_unique<Model>(model_config, std::move(weights))};
}

}  // namespace

void visit(ConfigVisitor& v, QuickstartConfig& c) {
  v.field("seed", c.seed);
  v.field("final_problems", c.final_problems, at_least(1));
  v.field("final_samples", c.final_samples, at_least(2));
  v.field("curve_problems", c.curve_problems, at_least(1));
  v.field("curve_samples", c.curve_samples, at_least(1));
  v.section("corpus", c.corpus);
  v.section("pretrain", c.pretrain);
  v.section("grpo", c.grpo);
}

std::string summary_json(const QuickstartReport& report) {
  nlohmann::ordered_json j;
  const auto model = [](const Metrics& scores) {
    nlohmann::ordered_json out;
    for (const auto& [name, value] : scores) out[name] = value;
    return out;
  };
  j["base"] = model(report.base);
  j["r1_zero"] = model(report.r1_zero);
  j["curve"] = nlohmann::ordered_json::array();
  for (const CurvePoint& p : report.curve)
    j["curve"].push_back({{"step", p.step}, {"pass@1", p.pass_at_1}, {"mean_length", p.mean_length}});
  j["base_by_task"] = model(report.base_by_task);
  j["r1_zero_by_task"] = model(report.r1_zero_by_task);
  j["seconds"] = report.seconds;
  j["on_policy_max_abs_logprob_diff"] = report.on_policy_max_abs_logprob_diff;
  j["parameters"] = report.parameters;
  j["seed"] = report.seed;
  return j.dump(2) + "\n";
}

Result<QuickstartEnd> run_quickstart(Exec exec, Files& files, const std::string& folder,
                                     const QuickstartConfig& config) {
  const auto start = std::chrono::steady_clock::now();
  TRY_ASSIGN(const double earlier, seconds_of_summary(files, folder));
  TRY_ASSIGN(Stage s, prepare(exec, files, folder, config));
  TRY(say_facts(s));
  QuickstartEnd out;
  TRY_ASSIGN(out.end, pretrain_stage(s));
  if (out.end == RunEnd::interrupted) return out;
  TRY(load_stage(s, "base"));
  TRY_ASSIGN(const EvalReport base, heldout_scores(s, *s.model, size_t(config.final_problems),
                                                   size_t(config.final_samples), "base, held out"));
  log_info(cat("base: pass@1 ", std::round(1000 * base.all.pass_at_1) / 10, "%, pass@", config.final_samples, " ",
               std::round(1000 * base.all.pass_at_k) / 10, "%"));

  LiveTraining live(stderr_is_terminal());
  TRY_ASSIGN(const GrpoOutcome rl, grpo_stage(s, live));
  live.finish();
  out.end = rl.end;
  if (out.end == RunEnd::interrupted) return out;
  TRY(load_stage(s, "r1-zero"));
  TRY_ASSIGN(const EvalReport zero, heldout_scores(s, *s.model, size_t(config.final_problems),
                                                   size_t(config.final_samples), "R1-Zero, held out"));

  QuickstartReport& r = out.report;
  TRY_ASSIGN(Curves curves, read_curves(s));
  r.base = named_scores(base.all);
  r.r1_zero = named_scores(zero.all);
  r.base_by_task = by_task(base);
  r.r1_zero_by_task = by_task(zero);
  r.curve = {{0, base.all.pass_at_1, base.all.mean_length}};
  r.curve.insert(r.curve.end(), curves.heldout.begin(), curves.heldout.end());
  r.training = std::move(curves.training);
  r.examples = side_by_side(base, zero);
  r.on_policy_max_abs_logprob_diff = curves.on_policy_diff;
  r.parameters = count_parameters(s.model->config, false);
  r.seed = config.seed;
  r.config_toml = write_config(config);
  r.seconds = earlier > 0 ? earlier : seconds_since(start);
  TRY(files.write(join_path(folder, "summary.json"), summary_json(r)));
  TRY(files.write(join_path(folder, "report.html"), report_html(r)));
  return out;
}

}  // namespace r1
