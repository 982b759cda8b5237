#include "train/sequence_loss.h"

#include <algorithm>
#include <numeric>

#include "tensor/head.h"

namespace r1 {
namespace {

// Sum of -log p over the targets; seeds the gradient with -weight for each.
double cross_entropy(Graph& g, const Tensor& hidden, Param& head, std::span<const int> targets, double weight) {
  const TokenLogProbs scored = token_log_probs(g, hidden, head, targets, 1.0f, false);
  double sum = 0;
  for (size_t i = 0; i < targets.size(); ++i)
    if (targets[i] >= 0) {
      sum -= scored.log_probs.data()[i];
      if (g.recording()) scored.log_probs.grad()[i] = float(-weight);
    }
  return sum;
}

// Row i of a sequence's MTP part predicts token i+2, if that token is trained.
std::vector<int> mtp_targets(const PackedBatch& batch) {
  std::vector<int> out;
  for (const Piece& p : batch.pieces)
    for (size_t i = 0; i + 1 < p.rows; ++i) out.push_back(i + 2 < p.rows ? batch.targets[p.row_begin + i + 1] : -1);
  return out;
}

}  // namespace

PackedBatch pack_batch(std::span<const TrainSequence> sequences) {
  PackedBatch out;
  for (const TrainSequence& s : sequences) {
    CHECK(s.tokens.size() == s.trained.size());
    out.pieces.push_back({out.tokens.size(), s.tokens.size(), nullptr});
    for (size_t i = 0; i < s.tokens.size(); ++i) {
      const bool predicts = i + 1 < s.tokens.size() && s.trained[i + 1] != 0;
      out.targets.push_back(predicts ? s.tokens[i + 1] : -1);
      out.trained_tokens += predicts;
    }
    out.tokens.insert(out.tokens.end(), s.tokens.begin(), s.tokens.end());
  }
  return out;
}

LossReport sequence_loss(const Exec& exec, BufferPool& buffers, Model& model, const PackedBatch& batch,
                         size_t total_trained, const LossWeights& weights, bool train) {
  Graph g(exec, buffers, train);
  MoeReport moe;
  moe.balance_alpha = weights.balance;
  const Tensor hidden = forward(g, model, batch.batch(), nullptr, &moe);
  const double per_token = 1.0 / double(std::max<size_t>(1, total_trained));
  LossReport report;
  report.loss = cross_entropy(g, hidden, model.head(), batch.targets, per_token) * per_token;
  if (weights.mtp > 0 && !model.weights.mtp.empty()) {
    const std::vector<int> later = mtp_targets(batch);
    const size_t n = size_t(std::count_if(later.begin(), later.end(), [](int t) { return t >= 0; }));
    const Tensor mtp_hidden = forward_mtp(g, model, batch.batch(), hidden, &moe);
    report.mtp_loss =
        cross_entropy(g, mtp_hidden, model.head(), later, weights.mtp * per_token) / double(std::max<size_t>(1, n));
  }
  report.balance_loss = moe.balance_loss;
  report.load = std::move(moe.load);
  if (train) g.backward();
  return report;
}

void add_load(std::vector<std::vector<uint32_t>>& into, const std::vector<std::vector<uint32_t>>& from) {
  into.resize(std::max(into.size(), from.size()));
  for (size_t i = 0; i < from.size(); ++i) {
    into[i].resize(std::max(into[i].size(), from[i].size()));
    for (size_t e = 0; e < from[i].size(); ++e) into[i][e] += from[i][e];
  }
}

void update_route_bias(Model& model, const std::vector<std::vector<uint32_t>>& load, float speed) {
  if (speed == 0 || !model.config.gate.has_correction_bias) return;
  for (size_t i = 0; i < load.size(); ++i) {
    if (load[i].empty()) continue;
    LayerWeights& w = i < model.weights.layers.size() ? model.weights.layers[i] : model.weights.mtp[0].block;
    const double mean = double(std::accumulate(load[i].begin(), load[i].end(), uint64_t{0})) / double(load[i].size());
    for (size_t e = 0; e < load[i].size(); ++e) {
      if (double(load[i][e]) > mean) w.route_bias.value[e] -= speed;
      if (double(load[i][e]) < mean) w.route_bias.value[e] += speed;
    }
  }
}

}  // namespace r1
