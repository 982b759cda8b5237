#include "train/pretrain.h"

#include "train/test_run.h"

namespace r1 {
namespace {

using testing::contains;
using testing::fixed_bytes;
using testing::slurp;
using testing::TempFolder;
using testing::tiny_choice;
using testing::tiny_pretrain;
using testing::tiny_tokenizer;
using testing::TinyRun;

Result<RunEnd> train(TinyRun& run, const std::string& folder, const PretrainConfig& config, StepListener on_step = {}) {
  TrainContext ctx = run.context(folder);
  ctx.on_step = std::move(on_step);
  return run_pretrain(ctx, config, run.trained(), *corpus_source({}, tiny_tokenizer(), run.chat, config.seed));
}

TEST(Pretrain, LearnsAndLeavesAWholeFolder) {
  TempFolder folder;
  TinyRun run;
  PretrainConfig config = tiny_pretrain();
  config.steps = 12;
  config.batch_tokens = 400;
  config.checkpoint_every = 5;
  std::vector<double> losses;
  const auto end =
      train(run, folder.path, config, [&](int64_t, int64_t, const Metrics& m) { losses.push_back(metric(m, "loss")); });
  ASSERT_TRUE(end.ok()) << end.error().text();
  EXPECT_EQ(*end, RunEnd::finished);
  ASSERT_EQ(losses.size(), 12u);
  EXPECT_LT(losses.back(), losses.front() - 0.5);
  EXPECT_NEAR(losses.front(), std::log(double(run.config.vocab_size)), 0.3);
  EXPECT_EQ(real_files().list(folder / "checkpoints").value(), (std::vector<std::string>{"step-10", "step-12"}));
  EXPECT_TRUE(open_bundle(folder.path, {}).ok());
  const std::string metrics = slurp(folder / "metrics.jsonl");
  EXPECT_EQ(std::count(metrics.begin(), metrics.end(), '\n'), 12);
  for (const char* name : {"\"loss\":", "\"grad_norm\":", "\"learning_rate\":", "\"num_tokens\":", "\"mtp_loss\":",
                           "\"balance_loss\":", "\"expert_load/max_over_mean\":"})
    EXPECT_TRUE(contains(metrics, name));
  EXPECT_EQ(slurp(folder / "samples.jsonl"), "");
}

TEST(Pretrain, IsAFunctionOfConfigAndSeedWhateverTheThreads) {
  std::string first;
  for (const size_t threads : {1, 2}) {
    TempFolder folder;
    TinyRun run(threads);
    ASSERT_TRUE(train(run, folder.path, tiny_pretrain()).ok());
    if (threads == 1) first = fixed_bytes(folder.path);
    EXPECT_TRUE(fixed_bytes(folder.path) == first) << threads << " threads";
  }
  TempFolder folder;
  TinyRun run;
  PretrainConfig other = tiny_pretrain();
  other.seed = 4;
  ASSERT_TRUE(train(run, folder.path, other).ok());
  EXPECT_FALSE(fixed_bytes(folder.path) == first);
}

TEST(Pretrain, ABatchHoldsAsManySequencesAsFitAndAtLeastOne) {
  for (const int64_t batch_tokens : {1, 400}) {
    TempFolder folder;
    TinyRun run;
    PretrainConfig config = tiny_pretrain();
    config.batch_tokens = batch_tokens;
    std::vector<double> tokens;
    ASSERT_TRUE(train(run, folder.path, config, [&](int64_t, int64_t, const Metrics& m) {
                  tokens.push_back(metric(m, "num_tokens"));
                }).ok());
    const auto source = corpus_source({}, tiny_tokenizer(), run.chat, config.seed);
    uint64_t at = 0;
    for (const double n : tokens) {
      double sum = double(source->sequence(at++)->tokens.size());
      while (sum < double(batch_tokens) && sum + double(source->sequence(at)->tokens.size()) <= double(batch_tokens))
        sum += double(source->sequence(at++)->tokens.size());
      EXPECT_EQ(n, sum);
    }
  }
}

// The memory bound moves roundings only: sums are cut at other places.
TEST(Pretrain, MicroBatchesGiveTheSameGradientUpToRounding) {
  const auto first_step = [](int64_t micro_batch_tokens) {
    TempFolder folder;
    TinyRun run;
    PretrainConfig config = tiny_pretrain();
    config.steps = 1;
    config.batch_tokens = 600;
    config.micro_batch_tokens = micro_batch_tokens;
    config.balance_weight = 5;  // large enough to see that it is not counted once a micro-batch
    Metrics last;
    const auto end = train(run, folder.path, config, [&](int64_t, int64_t, const Metrics& m) { last = m; });
    EXPECT_TRUE(end.ok());
    return last;
  };
  const Metrics whole = first_step(8192), parts = first_step(1);
  for (const char* name : {"loss", "grad_norm", "balance_loss", "num_tokens"})
    EXPECT_NEAR(metric(whole, name), metric(parts, name), 1e-5 * std::abs(metric(whole, name))) << name;
}

TEST(Pretrain, ANonFiniteGradientStopsTheRunAndNamesStepTensorAndBatch) {
  TempFolder folder;
  TinyRun run;
  const auto end = train(run, folder.path, tiny_pretrain(), [&](int64_t step, int64_t, const Metrics&) {
    if (step == 2) run.model->weights.layers[0].o.value[0] = NAN;
  });
  ASSERT_FALSE(end.ok());
  EXPECT_TRUE(contains(end.error().text(), "step 3"));
  EXPECT_TRUE(contains(end.error().text(), "model."));
  EXPECT_TRUE(contains(end.error().text(), "the batch is sequences "));
  TinyRun resumed;  // the last good checkpoint is whole
  Optimizer optimizer(tiny_pretrain().optimizer, resumed.config, resumed.model->weights);
  const auto at = load_checkpoint(real_files(), folder.path, *resumed.model, optimizer, nullptr);
  ASSERT_TRUE(at.ok()) << at.error().text();
  EXPECT_EQ((*at)->step, 2);
}

TEST(Pretrain, ASequenceLongerThanTheContextIsAnError) {
  TempFolder folder;
  ModelChoice choice = tiny_choice();
  choice.max_position_embeddings = 8;
  TinyRun run(1, choice);
  const auto end = train(run, folder.path, tiny_pretrain());
  ASSERT_FALSE(end.ok());
  EXPECT_TRUE(contains(end.error().text(), "sequence 0"));
  EXPECT_TRUE(contains(end.error().text(), "max_position_embeddings 8"));
}

TEST(Pretrain, HeldOutFiguresGoIntoTheMetrics) {
  TempFolder folder;
  TinyRun run;
  PretrainConfig config = tiny_pretrain();
  config.eval_every = 2;
  TrainContext ctx = run.context(folder.path);
  ctx.evaluate = [](Model&) -> Result<Metrics> { return Metrics{{"pass@1", 0.25}}; };
  ASSERT_TRUE(run_pretrain(ctx, config, run.trained(), *corpus_source({}, tiny_tokenizer(), run.chat, 3)).ok());
  const std::string metrics = slurp(folder / "metrics.jsonl");
  EXPECT_TRUE(contains(metrics, "\"eval/pass@1\":0.25"));
  EXPECT_EQ(metrics.find("eval/"), metrics.rfind("eval/"));  // at step 2 of 3 only
}

TEST(HeldoutLoss, IsTheMeanOverAllTokensHoweverTheyAreBatched) {
  TempFolder folder;
  TinyRun run;
  std::string text;
  for (int i = 0; i < 7; ++i) text += "{\"prompt\":\"compute " + std::to_string(i) + "\",\"completion\":\" 1 2 3\"}\n";
  ASSERT_TRUE(real_files().write(folder / "data.jsonl", text).ok());
  const auto source = jsonl_source(real_files(), folder / "data.jsonl", tiny_tokenizer(), run.chat, 1, 512).value();
  std::vector<TrainSequence> all;
  for (uint64_t i = 0; i < 7; ++i) all.push_back(source->sequence(i).value());
  const PackedBatch batch = pack_batch(all);
  const double expected = sequence_loss(run.exec, run.buffers, *run.model, batch, batch.trained_tokens, {}, false).loss;
  for (const size_t tokens : {1, 20, 8192}) {
    const auto figures = heldout_loss(run.exec, *run.model, *source, tokens);
    ASSERT_TRUE(figures.ok());
    EXPECT_NEAR(metric(*figures, "loss"), expected, 1e-9) << tokens;
  }
  EXPECT_FALSE(heldout_loss(run.exec, *run.model, *corpus_source({}, tiny_tokenizer(), run.chat, 1), 100).ok());
}

TEST(ConfigOf, EveryOverrideReachesTheModel) {
  ModelChoice c = tiny_choice();
  c.n_routed_experts = 8;
  c.num_experts_per_tok = 2;
  c.first_k_dense_replace = 2;
  c.q_lora_rank = 12;
  c.max_position_embeddings = 99;
  c.initializer_range = 0.5;
  const ModelConfig m = config_of(c, tiny_tokenizer(), {}).value();
  EXPECT_EQ(m.hidden_size, 32u);
  EXPECT_EQ(m.intermediate_size, 48u);
  EXPECT_EQ(m.num_hidden_layers, 2u);
  EXPECT_EQ(m.num_attention_heads, 2u);
  EXPECT_EQ(m.mla.kv_lora_rank, 16u);
  EXPECT_EQ(m.moe_intermediate_size, 24u);
  EXPECT_EQ(m.gate.n_routed_experts, 8u);
  EXPECT_EQ(m.gate.num_experts_per_tok, 2u);
  EXPECT_EQ(m.first_k_dense_replace, 2u);
  EXPECT_EQ(m.mla.q_lora_rank, 12u);
  EXPECT_EQ(m.max_position_embeddings, 99u);
  EXPECT_EQ(m.initializer_range, 0.5f);
  EXPECT_EQ(m.vocab_size, tiny_tokenizer().vocab_size());
  ModelChoice dense;
  dense.preset = "tiny-llama";
  dense.hidden_size = 48;
  dense.num_key_value_heads = 4;
  const ModelConfig l = config_of(dense, tiny_tokenizer(), {}).value();
  EXPECT_EQ(l.head_dim, 12u);
  EXPECT_EQ(l.rope.dim, 12u);
  EXPECT_DOUBLE_EQ(l.attention_scale, 1 / std::sqrt(12.0));
}

TEST(ConfigOf, ContradictionsAreErrors) {
  ModelChoice experts = tiny_choice();
  experts.num_experts_per_tok = 9;
  EXPECT_TRUE(contains(config_of(experts, tiny_tokenizer(), {}).error().text(),
                       "num_experts_per_tok is 9, but there are 4 experts"));
  ModelChoice unknown;
  unknown.preset = "tiny-v4";
  EXPECT_TRUE(
      contains(config_of(unknown, tiny_tokenizer(), {}).error().text(), "\"tiny-v4\"; expected one of tiny-v3"));
}

}  // namespace
}  // namespace r1
