#include "train/policy_update.h"

#include <algorithm>
#include <cmath>

#include "tensor/head.h"

namespace r1 {
namespace {

TrainSequence sequence_of(const PolicySample& s) {
  TrainSequence out;
  out.tokens = s.group->prompt;
  out.tokens.insert(out.tokens.end(), s.rollout->completion.begin(), s.rollout->completion.end());
  out.trained.assign(s.group->prompt.size(), 0);
  out.trained.resize(out.tokens.size(), 1);
  return out;
}

// Log-probs of the completions' tokens under a model that is not trained here.
std::vector<float> frozen_log_probs(const Exec& exec, BufferPool& buffers, Model& model, const PackedBatch& batch,
                                    float inverse_temperature, std::span<const int> banned) {
  Graph g(exec, buffers, false);
  const Tensor hidden = forward(g, model, batch.batch(), nullptr);
  const TokenLogProbs scored =
      token_log_probs(g, hidden, model.head(), batch.targets, inverse_temperature, false, banned);
  return {scored.log_probs.data(), scored.log_probs.data() + batch.targets.size()};
}

struct MiniBatchFacts {
  size_t samples = 0, tokens = 0;
};

void update_micro_batch(const Exec& exec, BufferPool& buffers, Model& policy, Model* reference,
                        std::span<const PolicySample> samples, const UpdatePlan& plan, const MiniBatchFacts& facts,
                        UpdateReport& report) {
  std::vector<TrainSequence> sequences;
  for (const PolicySample& s : samples) sequences.push_back(sequence_of(s));
  const PackedBatch batch = pack_batch(sequences);
  const float inverse_temperature = 1.0f / float(plan.temperature);
  std::vector<float> reference_log_probs;
  if (reference != nullptr)
    reference_log_probs = frozen_log_probs(exec, buffers, *reference, batch, inverse_temperature, plan.banned_tokens);

  Graph g(exec, buffers, true);
  MoeReport moe;
  const Tensor hidden = forward(g, policy, batch.batch(), nullptr, &moe);
  const TokenLogProbs scored =
      token_log_probs(g, hidden, policy.head(), batch.targets, inverse_temperature, true, plan.banned_tokens);
  add_load(report.load, moe.load);
  for (size_t i = 0; i < samples.size(); ++i) {
    const Rollout& r = *samples[i].rollout;
    const size_t first = batch.pieces[i].row_begin + samples[i].group->prompt.size() - 1;
    const bool masked = plan.mask_truncated && !r.stopped;
    const double weight =
        masked ? 0.0 : token_weight(plan.formula, r.completion.size(), facts.samples, facts.tokens, plan.budget);
    for (size_t t = 0; t < r.completion.size(); ++t) {
      const size_t row = first + t;
      const float log_prob = scored.log_probs.data()[row];
      const TokenTerm term = grpo_token(log_prob, r.log_probs[t], reference == nullptr ? 0.0 : reference_log_probs[row],
                                        r.advantage, plan.formula);
      scored.log_probs.grad()[row] = float(term.d_log_prob * weight);
      report.loss += term.loss * weight;
      report.kl += term.kl / double(facts.tokens);
      report.entropy += scored.entropy[row] / double(facts.tokens);
      report.clip_low += term.clipped_low ? 1 / double(facts.tokens) : 0;
      report.clip_high += term.clipped_high ? 1 / double(facts.tokens) : 0;
      report.max_abs_log_prob_diff =
          std::max(report.max_abs_log_prob_diff, std::abs(double(log_prob) - double(r.log_probs[t])));
    }
  }
  g.backward();
}

}  // namespace

UpdateReport accumulate_policy_gradient(const Exec& exec, BufferPool& buffers, Model& policy, Model* reference,
                                        std::span<const PolicySample> samples, const UpdatePlan& plan) {
  MiniBatchFacts facts{samples.size(), 0};
  for (const PolicySample& s : samples) facts.tokens += s.rollout->completion.size();
  UpdateReport report;
  report.tokens = facts.tokens;
  for (size_t begin = 0; begin < samples.size();) {
    size_t end = begin, tokens = 0;
    while (end < samples.size()) {
      const size_t more = samples[end].group->prompt.size() + samples[end].rollout->completion.size();
      if (end > begin && tokens + more > plan.micro_batch_tokens) break;
      tokens += more;
      ++end;
    }
    update_micro_batch(exec, buffers, policy, reference, samples.subspan(begin, end - begin), plan, facts, report);
    begin = end;
  }
  return report;
}

}  // namespace r1
