// Whole-model logits, losses and gradients against the independent float64 reference (reference/README.md), for every
// family and both forms of latent attention.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/files.h"
#include "bundle/hf_weights.h"
#include "kernels/targets.h"
#include "model/forward.h"
#include "tensor/head.h"

namespace r1 {
namespace {

// The reference computed in plain float32 differs from itself in float64 by at most 6e-6 in logits and 1.6e-6 in
// gradients (README); ours may differ by a few times that.
constexpr double kLogitTolerance = 3e-5, kGradTolerance = 1e-5;

struct Reference {
  ModelConfig config;
  Safetensors expected, weights;

  std::vector<float> floats(const std::string& name) const {
    const TensorInfo* t = expected.find(name);
    EXPECT_NE(t, nullptr) << name;
    std::vector<float> out(t == nullptr ? 0 : t->elements());
    if (!out.empty()) std::memcpy(out.data(), t->data.data(), out.size() * 4);
    return out;
  }
  std::vector<int> ints(const std::string& name) const {
    const TensorInfo* t = expected.find(name);
    EXPECT_NE(t, nullptr) << name;
    std::vector<int> out(t == nullptr ? 0 : t->elements());
    if (!out.empty()) std::memcpy(out.data(), t->data.data(), out.size() * 4);
    return out;
  }
};

Reference open_reference(const std::string& name, MlaForm form) {
  const std::string folder = cat(R1_SOURCE_DIR, "/tests/parity/reference/", name);
  auto text = real_files().read(folder + "/config.json");
  EXPECT_TRUE(text.ok()) << text.error().text();
  auto config = config_from_json(*text, "config.json");
  EXPECT_TRUE(config.ok()) << config.error().text();
  config->mla.form = form;
  auto expected = Safetensors::open_file(folder + "/expected.safetensors");
  EXPECT_TRUE(expected.ok()) << expected.error().text();
  auto weights = Safetensors::open_file(folder + "/model.safetensors");
  EXPECT_TRUE(weights.ok()) << weights.error().text();
  return {*config, std::move(expected).value(), std::move(weights).value()};
}

double max_abs_diff(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double d = std::abs(double(a[i]) - double(b[i]));
    worst = std::max(worst, std::isnan(d) ? INFINITY : d);
  }
  return worst;
}

struct ParityRun {
  Reference ref;
  ThreadPool pool{2};
  BufferPool buffers;
  Model model;
  std::vector<int> tokens;
  std::vector<Piece> pieces;

  ParityRun(const std::string& name, MlaForm form)
      : ref(open_reference(name, form)), model(ref.config, load(ref)), tokens(ref.ints("tokens")) {
    size_t begin = 0;
    for (int length : ref.ints("lengths")) {
      pieces.push_back({begin, size_t(length), nullptr});
      begin += size_t(length);
    }
  }
  static Weights load(const Reference& ref) {
    auto weights = load_weights(ref.weights, ref.config, {.with_grad = true}, "reference");
    EXPECT_TRUE(weights.ok()) << (weights.ok() ? "" : weights.error().text());
    return std::move(weights).value();
  }
  Exec exec() { return {choose_kernels(), pool}; }
  Batch batch() const { return {tokens, pieces}; }

  // Targets `ahead` tokens later within the sequence; -1 where there is none. rows of a piece: its rows minus `cut`.
  std::vector<int> targets(size_t ahead, size_t cut) const {
    std::vector<int> out;
    for (const Piece& p : pieces)
      for (size_t i = 0; i + cut < p.rows; ++i)
        out.push_back(i + ahead < p.rows ? tokens[p.row_begin + i + ahead] : -1);
    return out;
  }
};

// Mean cross-entropy over the scored rows, its gradient seeded with `weight`.
double mean_loss(const TokenLogProbs& scored, std::span<const int> targets, double weight) {
  size_t n = 0;
  double sum = 0;
  for (size_t i = 0; i < targets.size(); ++i)
    if (targets[i] >= 0) {
      ++n;
      sum -= scored.log_probs.data()[i];
    }
  for (size_t i = 0; i < targets.size(); ++i)
    if (targets[i] >= 0) scored.log_probs.grad()[i] = float(-weight / double(n));
  return sum / double(n);
}

void expect_gradients(ParityRun& run, const std::string& prefix, size_t at_least) {
  size_t compared = 0;
  std::vector<float> got;
  for (const TensorSpec& s : tensor_list(run.ref.config)) {
    if (s.role == Role::route_bias || run.ref.expected.find(prefix + s.name) == nullptr) continue;
    got.resize(s.elements());
    read_tensor(run.model.weights, run.ref.config, s, Part::grad, got.data());
    EXPECT_LT(max_abs_diff(got, run.ref.floats(prefix + s.name)), kGradTolerance) << prefix << s.name;
    ++compared;
  }
  EXPECT_GE(compared, at_least);
}

class Parity : public testing::TestWithParam<std::tuple<const char*, MlaForm>> {};

TEST_P(Parity, LogitsLossAndGradients) {
  ParityRun run(std::get<0>(GetParam()), std::get<1>(GetParam()));
  Graph g(run.exec(), run.buffers, true);
  const Tensor hidden = forward(g, run.model, run.batch(), nullptr);

  Param& head = run.model.head();
  std::vector<float> logits(hidden.rows() * head.n);
  run.exec().kernels.gemm(hidden.data(), head.k, hidden.rows(), head.value.data(), head.k, head.n, 0, panels_of(head.n),
                          logits.data(), head.n, false);
  EXPECT_LT(max_abs_diff(logits, run.ref.floats("logits")), kLogitTolerance);

  const std::vector<int> targets = run.targets(1, 0);
  const TokenLogProbs scored = token_log_probs(g, hidden, head, targets, 1.0f, false);
  EXPECT_NEAR(mean_loss(scored, targets, 1), run.ref.floats("loss")[0], kLogitTolerance);
  const bool has_mtp = run.ref.config.num_nextn_predict_layers > 0;
  if (has_mtp) {
    const Tensor mtp_hidden = forward_mtp(g, run.model, run.batch(), hidden);
    const std::vector<int> later = run.targets(2, 1);
    const TokenLogProbs mtp = token_log_probs(g, mtp_hidden, head, later, 1.0f, false);
    EXPECT_NEAR(mean_loss(mtp, later, 0.3), run.ref.floats("mtp_loss")[0], kLogitTolerance);
  }
  g.backward();
  expect_gradients(run, "grad.", 20);
}

INSTANTIATE_TEST_SUITE_P(Families, Parity,
                         testing::Combine(testing::Values("llama-tiny", "qwen2-tiny", "deepseek-v3-tiny",
                                                          "deepseek-v3-noqlora-tiny", "deepseek-v2-tiny"),
                                          testing::Values(MlaForm::absorbed, MlaForm::naive)));

TEST(ParityMoe, BalanceLossAndItsGradient) {
  ParityRun run("deepseek-v3-tiny", MlaForm::absorbed);
  Graph g(run.exec(), run.buffers, true);
  MoeReport report;
  report.balance_alpha = 1;
  forward(g, run.model, run.batch(), nullptr, &report);
  double expected = 0;
  for (float v : run.ref.floats("balance_loss")) expected += v;
  EXPECT_NEAR(report.balance_loss, expected, kLogitTolerance);
  g.backward();
  expect_gradients(run, "grad_balance.", 3);
}

TEST(ParityMoe, Routing) {
  ParityRun run("deepseek-v3-tiny", MlaForm::absorbed);
  Graph g(run.exec(), run.buffers, false);
  MoeReport report;
  forward(g, run.model, run.batch(), nullptr, &report);
  for (uint32_t layer = run.ref.config.first_k_dense_replace; layer < run.ref.config.num_hidden_layers; ++layer) {
    std::vector<uint32_t> load(run.ref.config.gate.n_routed_experts);
    for (int e : run.ref.ints(cat("route.", layer, ".experts"))) ++load[size_t(e)];
    EXPECT_EQ(report.load[layer], load) << "layer " << layer;
  }
}

}  // namespace
}  // namespace r1
