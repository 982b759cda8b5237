#include "train/policy_update.h"

#include "train/test_run.h"

namespace r1 {
namespace {

using testing::tiny_tokenizer;
using testing::TinyRun;

// Two groups of three rollouts with advantages of their own.
struct Update : ::testing::Test {
  Update() {
    const auto tasks = open_task_set("chain", {}).value();
    Engine engine(run.exec, *run.model);
    SamplingPlan plan;
    plan.group_size = 3;
    plan.max_new_tokens = 5;
    plan.sampling.seed = 8;
    plan.sampling.temperature = 0.7f;
    groups = sample_groups(engine, tiny_tokenizer(), run.chat, *tasks, 0, 2, plan).value();
    const double advantages[] = {1.2, -0.4, -0.8, 0, 0.5, -0.5};
    for (size_t i = 0; i < 6; ++i) {
      Rollout& r = groups[i / 3].rollouts[i % 3];
      r.advantage = advantages[i];
      r.stopped = i % 2 == 0;
      samples.push_back({&groups[i / 3], &r});
    }
    update.formula.beta = 0;
    update.temperature = 0.7f;
    update.budget = 5;
  }
  UpdateReport accumulate(Model* reference = nullptr) {
    for (Param* p : all_params(run.config, run.model->weights)) p->grad.zero();
    return accumulate_policy_gradient(run.exec, run.buffers, *run.model, reference, samples, update);
  }
  std::vector<float> gradient() {
    std::vector<float> out;
    for (Param* p : all_params(run.config, run.model->weights))
      out.insert(out.end(), p->grad.data(), p->grad.data() + p->grad.size());
    return out;
  }
  size_t tokens() const {
    size_t n = 0;
    for (const PolicySample& s : samples) n += s.rollout->completion.size();
    return n;
  }
  // Central difference of the reported loss in the steepest weight of a parameter.
  void expect_slope(Param& p, Model* reference) {
    size_t at = 0;
    for (size_t i = 0; i < p.grad.size(); ++i)
      if (std::abs(p.grad[i]) > std::abs(p.grad[at])) at = i;
    const float slope = p.grad[at], x = p.value[at], h = 2e-3f;
    p.value[at] = x + h;
    const double above = accumulate(reference).loss;
    p.value[at] = x - h;
    const double below = accumulate(reference).loss;
    p.value[at] = x;
    accumulate(reference);
    EXPECT_NEAR(slope, (above - below) / (2 * double(h)), 0.02 * std::abs(slope) + 2e-4) << p.name;
  }
  TinyRun run;
  std::vector<RolloutGroup> groups;
  std::vector<PolicySample> samples;
  UpdatePlan update;
};

TEST_F(Update, OnPolicyTheLogProbsAreTheSamplersToTheLastBit) {
  const UpdateReport r = accumulate();
  EXPECT_EQ(r.max_abs_log_prob_diff, 0);
  EXPECT_EQ(r.clip_low, 0);
  EXPECT_EQ(r.clip_high, 0);
  EXPECT_EQ(r.kl, 0);
  EXPECT_EQ(r.tokens, tokens());
  EXPECT_GT(r.entropy, 0);
  EXPECT_LE(r.entropy, std::log(double(run.config.vocab_size)) + 1e-3);
}

TEST_F(Update, AtRatioOneTheLossIsMinusTheMeanAdvantage) {
  double mean = 0;
  for (const PolicySample& s : samples) mean += s.rollout->advantage / 6;
  EXPECT_NEAR(accumulate().loss, -mean, 1e-9);  // 0 for whole groups
}

TEST_F(Update, AnotherPolicyIsNoticed) {
  run.model->weights.layers[0].o.value[0] += 0.5f;
  EXPECT_GT(accumulate().max_abs_log_prob_diff, 0);
}

TEST_F(Update, TheGradientIsTheSlopeOfTheLossForEveryAggregation) {
  for (const LossAggregation a :
       {LossAggregation::sequence_mean, LossAggregation::token_mean, LossAggregation::constant}) {
    update.formula.aggregation = a;
    accumulate();
    Weights& w = run.model->weights;
    for (Param* p : {&w.layers[0].o, &w.layers[1].down, &w.norm}) expect_slope(*p, nullptr);
  }
}

TEST_F(Update, TheKlTermPullsTowardsTheReference) {
  TinyRun other(1, testing::tiny_choice(), 2);
  update.formula.beta = 0.5;
  const UpdateReport r = accumulate(other.model.get());
  EXPECT_GT(r.kl, 0);
  expect_slope(run.model->weights.layers[0].o, other.model.get());
  // Against itself there is nothing to pull, and nothing to pay.
  const UpdateReport same = accumulate(run.model.get());
  EXPECT_EQ(same.kl, 0);
}

TEST_F(Update, AllZeroAdvantagesGiveNoGradient) {
  for (RolloutGroup& g : groups)
    for (Rollout& r : g.rollouts) r.advantage = 0;
  const UpdateReport r = accumulate();
  EXPECT_EQ(r.loss, 0);
  for (const float g : gradient()) ASSERT_EQ(g, 0);
}

TEST_F(Update, MaskedSamplesGiveNoGradientButKeepTheirPlaceInTheMean) {
  update.mask_truncated = true;
  accumulate();
  const std::vector<float> masked = gradient();
  update.mask_truncated = false;
  for (size_t i = 1; i < 6; i += 2) groups[i / 3].rollouts[i % 3].advantage = 0;  // those cut off
  accumulate();
  EXPECT_TRUE(gradient() == masked);
}

TEST_F(Update, TheBufferBoundMovesRoundingsOnly) {
  update.formula.beta = 0.1;
  TinyRun other(1, testing::tiny_choice(), 2);
  const UpdateReport whole = accumulate(other.model.get());
  const std::vector<float> expected = gradient();
  update.micro_batch_tokens = 1;
  const UpdateReport parts = accumulate(other.model.get());
  const std::vector<float> got = gradient();
  EXPECT_EQ(parts.loss, whole.loss);
  EXPECT_EQ(parts.kl, whole.kl);
  EXPECT_EQ(parts.entropy, whole.entropy);
  EXPECT_EQ(parts.load, whole.load);
  EXPECT_EQ(parts.max_abs_log_prob_diff, 0);
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-6);
}

TEST_F(Update, ClippedTokensAreCountedAndGiveNothing) {
  for (RolloutGroup& g : groups)
    for (Rollout& r : g.rollouts)
      for (float& p : r.log_probs) p -= 3;  // ratio e^3 = 20 > 11
  update.formula.beta = 0;
  const UpdateReport r = accumulate();
  size_t clipped = 0;
  for (const PolicySample& s : samples)
    if (s.rollout->advantage > 0) clipped += s.rollout->completion.size();
  EXPECT_NEAR(r.clip_high, double(clipped) / double(tokens()), 1e-12);
  EXPECT_EQ(r.clip_low, 0);
  EXPECT_NEAR(r.max_abs_log_prob_diff, 3, 1e-5);
  for (RolloutGroup& g : groups)
    for (Rollout& s : g.rollouts)
      if (s.advantage < 0) s.advantage = 0;
  accumulate();
  for (const float g : gradient()) ASSERT_EQ(g, 0);
}

}  // namespace
}  // namespace r1
