#include "train/optimizer.h"

#include <set>

#include "train/test_run.h"

namespace r1 {
namespace {

using testing::random_gradients;
using testing::TinyRun;

std::vector<float> values_of(TinyRun& run) {
  std::vector<float> out;
  for (Param* p : all_params(run.config, run.model->weights))
    out.insert(out.end(), p->value.data(), p->value.data() + p->value.size());
  return out;
}

std::vector<float> gradients_of(TinyRun& run) {
  std::vector<float> out;
  for (Param* p : all_params(run.config, run.model->weights))
    out.insert(out.end(), p->grad.data(), p->grad.data() + p->grad.size());
  return out;
}

// AdamW (Loshchilov & Hutter 2019, algorithm 2), in double, for one weight.
struct AdamW {
  double w, m = 0, v = 0;
  int t = 0;
  void step(double g, double lr, const OptimizerConfig& c) {
    ++t;
    m = c.beta1 * m + (1 - c.beta1) * g;
    v = c.beta2 * v + (1 - c.beta2) * g * g;
    const double m_hat = m / (1 - std::pow(c.beta1, t)), v_hat = v / (1 - std::pow(c.beta2, t));
    w -= lr * (m_hat / (std::sqrt(v_hat) + c.eps) + c.weight_decay * w);
  }
};

TEST(AdamW, FollowsTheDoublePrecisionRuleOverSeveralClippedAndUnclippedSteps) {
  TinyRun run;
  OptimizerConfig c;
  c.lr = 0.01;
  c.weight_decay = 0.1;
  c.clip_norm = 1;
  Optimizer optimizer(c, run.config, run.model->weights);
  std::vector<AdamW> expected;
  for (const Param* p : optimizer.params())
    for (size_t i = 0; i < p->value.size(); ++i) expected.push_back({p->value[i]});
  for (int64_t step = 0; step < 6; ++step) {
    random_gradients(run, 9, step, step % 2 == 0 ? 0.1f : 1e-5f);  // norms far above and below 1
    double squares = 0;
    std::vector<double> g;
    for (const Param* p : optimizer.params())
      for (size_t i = 0; i < p->grad.size(); ++i) {
        g.push_back(p->grad[i]);
        squares += g.back() * g.back();
      }
    const double norm = std::sqrt(squares), scale = norm > 1 ? 1 / norm : 1, factor = 1.0 / double(step + 1);
    const Optimizer::StepReport report = optimizer.step(run.exec, factor);
    EXPECT_EQ(report.non_finite, "");
    EXPECT_NEAR(report.grad_norm, norm, 1e-5 * norm);
    for (size_t i = 0; i < g.size(); ++i) expected[i].step(g[i] * scale, 0.01 * factor, c);
    size_t at = 0;
    double worst = 0;
    for (const Param* p : optimizer.params())
      for (size_t i = 0; i < p->value.size(); ++i) worst = std::max(worst, std::abs(p->value[i] - expected[at++].w));
    EXPECT_LT(worst, 2e-5) << "after step " << step;  // float rounding of steps of size 0.01
  }
  EXPECT_EQ(optimizer.steps_done, 6);
}

TEST(AdamW, TheFirstStepMovesEachWeightByTheLearningRate) {
  TinyRun run;  // the bias correction makes m/sqrt(v) the sign of the first gradient
  OptimizerConfig c;
  c.lr = 0.25;
  c.clip_norm = 0;
  Optimizer optimizer(c, run.config, run.model->weights);
  random_gradients(run, 9, 0, 1);
  Param& norm = run.model->weights.norm;
  const float before = norm.value[3], gradient = norm.grad[3];
  optimizer.step(run.exec, 1);
  EXPECT_NEAR(norm.value[3] - before, gradient > 0 ? -0.25 : 0.25, 1e-5);
}

TEST(AdamW, BiasCorrectionFadesHoweverCloseToOneTheBetas) {
  TinyRun run;
  OptimizerConfig c;
  c.lr = 1;
  c.beta1 = 0;
  c.beta2 = 0.99999;
  c.clip_norm = 0;
  Optimizer optimizer(c, run.config, run.model->weights);
  optimizer.steps_done = 10'000'000;  // 1 - beta2^t is 1 by now
  Param& norm = run.model->weights.norm;
  const float before = norm.value[0];
  norm.grad[0] = 1;
  optimizer.step(run.exec, 1);
  EXPECT_NEAR(before - norm.value[0], 1 / std::sqrt(1e-5), 1);  // v is (1 - beta2) g^2, divided by nothing
}

TEST(Optimizer, ZeroesTheGradients) {
  TinyRun run;
  Optimizer optimizer({}, run.config, run.model->weights);
  random_gradients(run, 9, 0, 1);
  optimizer.step(run.exec, 1);
  for (const float g : gradients_of(run)) ASSERT_EQ(g, 0);
}

TEST(Optimizer, ANonFiniteGradientIsNamedAndChangesNothing) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    TinyRun run;
    OptimizerConfig c;
    c.matrices = MatrixOptimizer::muon;
    Optimizer optimizer(c, run.config, run.model->weights);
    random_gradients(run, 9, 0, 1);
    Param& hurt = run.model->weights.layers[1].expert_up;
    hurt.grad[hurt.grad.size() / 2 / 16 * 16] = bad;
    const std::vector<float> before = values_of(run);
    const Optimizer::StepReport report = optimizer.step(run.exec, 1);
    EXPECT_EQ(report.non_finite, hurt.name);
    EXPECT_TRUE(values_of(run) == before);
    EXPECT_EQ(optimizer.steps_done, 0);
    for (Optimizer::State& s : optimizer.states())
      for (size_t i = 0; i < s.m.size(); ++i) ASSERT_EQ(s.m[i], 0);
  }
}

TEST(Optimizer, ClippingOffLeavesLargeGradientsAlone) {
  const auto moved = [](double clip, float scale) {
    TinyRun run;
    OptimizerConfig c;
    c.clip_norm = clip;
    c.beta1 = c.beta2 = 0;
    c.eps = 1;  // so that the step's size depends on the gradient's
    Optimizer optimizer(c, run.config, run.model->weights);
    random_gradients(run, 9, 0, scale);
    optimizer.step(run.exec, 1);
    return run.model->weights.norm.value[0];
  };
  EXPECT_NE(moved(0, 1), moved(0, 2));
  EXPECT_NEAR(moved(1, 1), moved(1, 2), 1e-7);  // scaled to the same norm
  EXPECT_NE(moved(1, 1), moved(0, 1));
}

TEST(Optimizer, OneAndTwoThreadsGiveTheSameBits) {
  std::vector<float> first;
  for (const size_t threads : {1, 2, 3}) {
    TinyRun run(threads);
    OptimizerConfig c;
    c.matrices = MatrixOptimizer::muon;
    c.weight_decay = 0.05;
    Optimizer optimizer(c, run.config, run.model->weights);
    for (int64_t step = 0; step < 3; ++step) {
      random_gradients(run, 9, step, 0.3f);
      optimizer.step(run.exec, 1);
    }
    if (threads == 1) first = values_of(run);
    EXPECT_TRUE(values_of(run) == first) << threads;
  }
}

TEST(Optimizer, MuonTakesTheMatricesOfTheBlocksAndNothingElse) {
  TinyRun run;
  OptimizerConfig c;
  c.matrices = MatrixOptimizer::muon;
  Optimizer optimizer(c, run.config, run.model->weights);
  std::set<const Param*> muon;
  for (size_t i = 0; i < optimizer.params().size(); ++i)
    if (optimizer.states()[i].v.empty()) muon.insert(optimizer.params()[i]);
  Weights& w = run.model->weights;
  LayerWeights& dense = w.layers[0];
  LayerWeights& mixture = w.layers[1];
  for (const Param* p : {&dense.q, &dense.kv_a, &dense.k_b, &dense.v_b, &dense.o, &dense.gate, &dense.up, &dense.down,
                         &mixture.expert_gate, &mixture.expert_up, &mixture.expert_down, &mixture.gate,
                         &w.mtp[0].eh_proj, &w.mtp[0].block.o})
    EXPECT_TRUE(muon.contains(p)) << p->name;
  for (const Param* p : {&w.embed, &w.norm, &dense.input_norm, &dense.kv_a_norm, &mixture.router, &mixture.route_bias,
                         &w.mtp[0].enorm, &w.mtp[0].norm})
    EXPECT_FALSE(muon.contains(p)) << p->name;
  for (const Param* p : optimizer.params()) EXPECT_NE(p, &mixture.route_bias);  // balanced by its own rule
}

TEST(Optimizer, AdamWEverywhereByDefault) {
  TinyRun run;
  Optimizer optimizer({}, run.config, run.model->weights);
  for (const Optimizer::State& s : optimizer.states()) EXPECT_EQ(s.m.size(), s.v.size());
}

}  // namespace
}  // namespace r1
