// What the engine draws, and the log-probability it records, are functions of weights, prompt, sampling parameters and
// stream.
#include "engine/engine.h"
#include "models.h"
#include "running.h"
#include "tensor/head.h"

namespace r1 {
namespace {

class Generation : public testing::TestWithParam<Case> {
 protected:
  Model model = model_of(GetParam());

  std::vector<Request> requests(float temperature) {
    Rng rng{7, hash64(GetParam().name), 0};
    std::vector<Request> out;
    for (size_t length : {size_t(1), size_t(5), size_t(36), size_t(70)}) {
      Request r;
      r.prompt = random_tokens(rng, length, model.config);
      r.sampling.temperature = temperature;
      r.sampling.seed = 11;
      r.stream = 100 * out.size();
      r.samples = 1 + out.size();
      r.max_new_tokens = 9 + 2 * out.size();
      r.stop_tokens = {3, 17};
      out.push_back(std::move(r));
    }
    return out;
  }
};

testing::AssertionResult same(const Completion& got, const Completion& want) {
  if (got.tokens != want.tokens) return testing::AssertionFailure() << "other tokens";
  if (got.stopped != want.stopped) return testing::AssertionFailure() << "stopped: " << got.stopped;
  return same_bits(got.log_probs, want.log_probs);
}

using Results = std::vector<std::vector<Completion>>;

testing::AssertionResult same(const Results& got, const Results& want) {
  for (size_t r = 0; r < want.size(); ++r)
    for (size_t i = 0; i < want[r].size(); ++i)
      if (auto equal = same(got[r][i], want[r][i]); !equal) return equal << " in sample " << i << " of request " << r;
  return testing::AssertionSuccess();
}

Results generate_with(Model& model, const std::vector<Request>& requests, EngineLimits limits, size_t threads = 1,
                      const Kernels& kernels = *all_kernels().front()) {
  Runner run(threads, kernels);
  Engine engine(run.exec(), model, limits);
  return generate(engine, requests);
}

// Every sample by itself, in an engine of its own.
Results one_by_one(Model& model, const std::vector<Request>& requests) {
  Results out;
  for (const Request& r : requests) {
    out.emplace_back();
    for (size_t i = 0; i < r.samples; ++i) {
      Request single = r;
      single.samples = 1;
      single.stream = r.stream + i;
      out.back().push_back(generate_with(model, {single}, {})[0][0]);
    }
  }
  return out;
}

// The log-probs of the completion's tokens as the trainer computes them: one recording forward of all samples.
void expect_log_probs_of_training(Model& model, const std::vector<Request>& requests, const Results& results) {
  std::vector<int> tokens, targets;
  std::vector<Piece> pieces;
  std::vector<float> recorded;
  for (size_t r = 0; r < results.size(); ++r)
    for (const Completion& c : results[r]) {
      std::vector<int> all = requests[r].prompt;
      all.insert(all.end(), c.tokens.begin(), c.tokens.end());
      pieces.push_back({tokens.size(), all.size() - 1, nullptr});
      for (size_t i = 0; i + 1 < all.size(); ++i)
        targets.push_back(i + 1 < requests[r].prompt.size() ? -1 : all[i + 1]);
      tokens.insert(tokens.end(), all.begin(), all.end() - 1);
      recorded.insert(recorded.end(), c.log_probs.begin(), c.log_probs.end());
    }
  Runner run;
  Graph g(run.exec(), run.buffers, true);
  const Tensor hidden = forward(g, model, {tokens, pieces}, nullptr);
  const Tensor scored =
      token_log_probs(g, hidden, model.head(), targets, 1.0f / requests[0].sampling.temperature, false).log_probs;
  std::vector<float> computed;
  for (size_t i = 0; i < targets.size(); ++i)
    if (targets[i] >= 0) computed.push_back(scored.data()[i]);
  EXPECT_TRUE(same_bits(recorded, computed));
}

TEST_P(Generation, TheRecordedLogProbIsTheTrainersOwn) {
  for (float temperature : {1.0f, 0.7f}) {
    const std::vector<Request> asked = requests(temperature);
    const Results results = generate_with(model, asked, {.max_running = 3, .prefill_tokens = 7});
    expect_log_probs_of_training(model, asked, results);
  }
}

TEST_P(Generation, LimitsAndCompanyDoNotMatter) {
  std::vector<Request> asked = requests(0.9f);
  const Results want = one_by_one(model, asked);
  for (size_t max_running : {size_t(1), size_t(3), size_t(64)})
    for (size_t prefill_tokens : {size_t(1), size_t(7), size_t(2048)})
      EXPECT_TRUE(same(generate_with(model, asked, {max_running, prefill_tokens}), want))
          << max_running << " running, " << prefill_tokens << " prompt tokens a step";
  std::reverse(asked.begin(), asked.end());
  Results turned = generate_with(model, asked, {.max_running = 5, .prefill_tokens = 11});
  std::reverse(turned.begin(), turned.end());
  EXPECT_TRUE(same(turned, want)) << "in reverse order";
}

// Requests that arrive, and are cancelled, while others run.
TEST_P(Generation, ArrivalsAndCancellationsDoNotMatter) {
  const std::vector<Request> asked = requests(1.0f);
  const Results want = one_by_one(model, asked);
  Runner run;
  Engine engine(run.exec(), model, {.max_running = 4, .prefill_tokens = 13});
  Rng rng{5, 0, 0};
  std::vector<uint64_t> first, unwanted;
  for (const Request& r : asked) {
    Request other = r;
    other.prompt = random_tokens(rng, 40, model.config);
    other.samples = 2;
    unwanted.push_back(engine.submit(other));
    first.push_back(engine.submit(r));
    for (int64_t n = rng.integer(0, 4); n > 0; --n) engine.step();
    engine.cancel(unwanted.back());
    engine.cancel(unwanted.back() + (rng.chance(0.5) ? 1 : 0));
  }
  while (!engine.idle()) engine.step();
  for (size_t r = 0; r < asked.size(); ++r)
    for (size_t i = 0; i < asked[r].samples; ++i)
      EXPECT_TRUE(same(engine.take(first[r] + i), want[r][i])) << "sample " << i << " of request " << r;
}

TEST_P(Generation, StreamAndSeedDecide) {
  Request r = requests(1.5f)[1];
  r.samples = 3;
  r.max_new_tokens = 24;
  r.stop_tokens = {};
  const auto drawn = [&](uint64_t seed, uint64_t stream) {
    Request other = r;
    other.sampling.seed = seed;
    other.stream = stream;
    return generate_with(model, {other}, {})[0];
  };
  const std::vector<Completion> base = drawn(1, 5);
  EXPECT_TRUE(same({drawn(1, 5)}, {base}));
  EXPECT_TRUE(same(drawn(1, 6)[0], base[1])) << "sample i draws from stream + i";
  EXPECT_NE(base[0].tokens, base[1].tokens);
  EXPECT_NE(drawn(2, 5)[0].tokens, base[0].tokens);
}

INSTANTIATE_TEST_SUITE_P(Random, Generation, testing::ValuesIn(random_cases(2)), case_name);
INSTANTIATE_TEST_SUITE_P(Reference, Generation, testing::ValuesIn(reference_cases()), case_name);

class GenerationOn : public testing::TestWithParam<Case> {};

TEST_P(GenerationOn, ThreadsAndInstructionSets) {
  Model model = model_of(GetParam());
  Rng rng{3, hash64(GetParam().name), 0};
  std::vector<Request> asked(2);
  for (Request& r : asked) {
    r.prompt = random_tokens(rng, size_t(rng.integer(1, 30)), model.config);
    r.samples = 3;
    r.max_new_tokens = 6;
  }
  const Results want = generate_with(model, asked, {});
  for (const Kernels* kernels : all_kernels())
    EXPECT_TRUE(same(generate_with(model, asked, {}, 1, *kernels), want)) << kernels->name;
  for (size_t threads : {size_t(2), size_t(3)})
    EXPECT_TRUE(same(generate_with(model, asked, {}, threads), want)) << threads << " threads";
}

INSTANTIATE_TEST_SUITE_P(Wide, GenerationOn, testing::ValuesIn(random_cases(1, Width::wide)), case_name);

}  // namespace
}  // namespace r1
