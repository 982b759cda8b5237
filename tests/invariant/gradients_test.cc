// Gradients have the same bits with any number of threads, on every instruction set, and however a batch is cut into
// micro-batches between its sequences.
#include <cmath>
#include <limits>

#include "models.h"
#include "running.h"
#include "tensor/head.h"

namespace r1 {
namespace {

struct Losses {
  bool mtp = true;
  double balance_alpha = 0;
};

// The targets `ahead` tokens later, a row for each of the first rows - cut positions of each piece.
std::vector<int> targets_of(const std::vector<int>& tokens, const std::vector<Piece>& pieces, size_t ahead,
                            size_t cut) {
  std::vector<int> out;
  for (const Piece& p : pieces)
    for (size_t i = 0; i + cut < p.rows; ++i) out.push_back(i + ahead < p.rows ? tokens[p.row_begin + i + ahead] : -1);
  return out;
}

// d loss / d log p of a row: fixed by its target and its place, as an advantage would be by its sequence.
void seed_gradients(const TokenLogProbs& scored, const std::vector<int>& targets) {
  for (size_t i = 0; i < targets.size(); ++i)
    if (targets[i] >= 0) scored.log_probs.grad()[i] = float(targets[i] % 7) - 3.25f;
}

void add_gradients(Runner& run, Model& model, std::span<const std::vector<int>> sequences, const Losses& losses) {
  std::vector<int> tokens;
  std::vector<Piece> pieces;
  for (const auto& s : sequences) {
    pieces.push_back({tokens.size(), s.size(), nullptr});
    tokens.insert(tokens.end(), s.begin(), s.end());
  }
  const Batch batch{tokens, pieces};
  Graph g(run.exec(), run.buffers, true);
  MoeReport report{.balance_alpha = losses.balance_alpha};
  const Tensor hidden = forward(g, model, batch, nullptr, &report);
  const std::vector<int> next = targets_of(tokens, pieces, 1, 0);
  seed_gradients(token_log_probs(g, hidden, model.head(), next, 1 / 0.7f, false), next);
  if (losses.mtp && !model.weights.mtp.empty()) {
    const std::vector<int> later = targets_of(tokens, pieces, 2, 1);
    seed_gradients(token_log_probs(g, forward_mtp(g, model, batch, hidden, &report), model.head(), later, 1.0f, false),
                   later);
  }
  g.backward();
}

using Gradients = std::vector<std::vector<float>>;

Gradients take_gradients(Model& model) {
  Gradients out;
  for (Param* p : all_params(model.config, model.weights)) {
    out.emplace_back(p->grad.span().begin(), p->grad.span().end());
    p->grad.zero();
  }
  return out;
}

void expect_same(Model& model, const Gradients& got, const Gradients& want, std::string_view what) {
  const std::vector<Param*> params = all_params(model.config, model.weights);
  for (size_t i = 0; i < params.size(); ++i) EXPECT_TRUE(same_bits(got[i], want[i])) << params[i]->name << ", " << what;
}

// Two orders of one sum of n terms in f32 differ by about n * epsilon times the size of its partial sums.
testing::AssertionResult same_terms(std::span<const float> got, std::span<const float> want) {
  constexpr float kTerms = 4 * 8 * 21;
  float size = 0, apart = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    size = std::max(size, std::abs(want[i]));
    apart = std::max(apart, std::abs(got[i] - want[i]));
  }
  const float tolerance = kTerms * std::numeric_limits<float>::epsilon() * size;
  if (apart <= tolerance) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "apart by " << apart << "; expected at most " << tolerance;
}

class GradientsOf : public testing::TestWithParam<Case> {
 protected:
  Model model = model_of(GetParam(), true);
  Rng rng{GetParam().seed, hash64(GetParam().name), 0};

  Gradients gradients(Runner& run, const Sequences& sequences, const Losses& losses, size_t micro_batch) {
    for (size_t i = 0; i < sequences.size(); i += micro_batch)
      add_gradients(run, model, std::span(sequences).subspan(i, std::min(micro_batch, sequences.size() - i)), losses);
    return take_gradients(model);
  }
};

// Each weight's gradient is one sum over the tokens, ascending, and micro-batches continue it. A weight that serves
// twice in a forward (a tied head; embedding and head beside an MTP module) sums use by use, so there only the order of
// the same terms differs.
bool serves_twice(Model& model, const Param* p) {
  const bool mtp = !model.weights.mtp.empty();
  return p == &model.weights.embed ? mtp || model.config.tie_word_embeddings : p == &model.weights.head && mtp;
}

TEST_P(GradientsOf, MicroBatchesAddUp) {
  Runner run;
  const Sequences sequences = random_sequences(rng, 8, 21, model.config);
  const std::vector<Param*> params = all_params(model.config, model.weights);
  const Gradients want = gradients(run, sequences, {}, 8);
  for (size_t micro_batch : {size_t(1), size_t(3)}) {
    const Gradients got = gradients(run, sequences, {}, micro_batch);
    for (size_t i = 0; i < params.size(); ++i) {
      const bool other_order = serves_twice(model, params[i]);
      EXPECT_TRUE(other_order ? same_terms(got[i], want[i]) : same_bits(got[i], want[i]))
          << params[i]->name << ", micro-batches of " << micro_batch;
    }
  }
}

TEST_P(GradientsOf, InstructionSets) {
  Runner best;
  Sequences sequences = random_sequences(rng, 3, 15, model.config);
  sequences.push_back(random_tokens(rng, kKeyBlock + 3, model.config));
  const Losses losses{true, 0.5};
  const Gradients want = gradients(best, sequences, losses, 4);
  for (const Kernels* kernels : all_kernels()) {
    Runner run(1, *kernels);
    expect_same(model, gradients(run, sequences, losses, 4), want, kernels->name);
  }
}

INSTANTIATE_TEST_SUITE_P(Random, GradientsOf, testing::ValuesIn(random_cases(2)), case_name);
INSTANTIATE_TEST_SUITE_P(Reference, GradientsOf, testing::ValuesIn(reference_cases()), case_name);

class WideGradientsOf : public GradientsOf {};

TEST_P(WideGradientsOf, AnyNumberOfThreads) {
  Runner one;
  Sequences sequences = random_sequences(rng, 3, 15, model.config);
  sequences.push_back(random_tokens(rng, kKeyBlock + 3, model.config));
  const Losses losses{true, 0.5};
  const Gradients want = gradients(one, sequences, losses, 4);
  for (size_t threads : {size_t(2), size_t(3)}) {
    Runner run(threads);
    expect_same(model, gradients(run, sequences, losses, 4), want, cat(threads, " threads"));
  }
}

INSTANTIATE_TEST_SUITE_P(Wide, WideGradientsOf, testing::ValuesIn(random_cases(1, Width::wide)), case_name);

}  // namespace
}  // namespace r1
