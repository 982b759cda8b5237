// When samples begin and end, on a model whose next token is known beforehand.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <csignal>

#include "base/interrupt.h"
#include "kernels/targets.h"

namespace r1 {
namespace {

// A dense model in which attention and FFN add nothing, so that the logits depend on the last token alone: token t is
// followed by t+1 (mod 16) with a log-odds of `certainty`.
struct Chain {
  static constexpr uint32_t kVocab = 16;
  ThreadPool pool{1};
  Model model;
  Exec exec{*all_kernels().front(), pool};

  explicit Chain(float certainty = 100, uint32_t context = 64) : model(make(certainty, context)) {}
  static Model make(float certainty, uint32_t context) {
    ModelConfig c = *preset("tiny-llama");
    c.num_hidden_layers = 1;
    c.hidden_size = c.vocab_size = kVocab;
    c.tie_word_embeddings = false;
    c.max_position_embeddings = context;
    Weights w = allocate_weights(c, false, false);
    initialise(c, w, 1, 0.1f);
    w.layers[0].o.value.zero();
    w.layers[0].down.value.zero();
    for (const TensorSpec& s : tensor_list(c)) {
      if (s.role != Role::embedding && s.role != Role::head) continue;
      std::vector<float> rows(s.elements(), 0.0f);
      for (size_t t = 0; t < kVocab; ++t)  // a normed one-hot state has 4 = sqrt(16) at its token
        if (s.role == Role::embedding)
          rows[t * kVocab + t] = 1;
        else
          rows[(t + 1) % kVocab * kVocab + t] = certainty / 4;
      write_tensor(w, c, s, rows.data());
    }
    return Model(c, std::move(w));
  }
  Engine engine(EngineLimits limits = {}) { return Engine(exec, model, limits); }
};

Request after(std::vector<int> prompt, size_t max_new_tokens = 5) {
  Request r;
  r.prompt = std::move(prompt);
  r.max_new_tokens = max_new_tokens;
  return r;
}

void run(Engine& engine) {
  while (!engine.idle()) engine.step();
}

TEST(Engine, NothingToDo) {
  Chain chain;
  Engine engine = chain.engine();
  EXPECT_TRUE(engine.idle());
  EXPECT_TRUE(engine.step().empty());
  EXPECT_TRUE(generate(engine, {}).empty());
}

TEST(Engine, EndsAtItsBudget) {
  Chain chain;
  Engine engine = chain.engine();
  for (size_t budget : {size_t(1), size_t(2), size_t(7)}) {
    const Completion c = generate(engine, std::vector{after({9, 3}, budget)})[0][0];
    ASSERT_EQ(c.tokens.size(), budget);
    for (size_t i = 0; i < budget; ++i) EXPECT_EQ(c.tokens[i], int(4 + i));
    EXPECT_EQ(c.log_probs.size(), budget);
    EXPECT_FALSE(c.stopped);
  }
}

TEST(Engine, EndsAtAStopTokenAndKeepsIt) {
  Chain chain;
  Engine engine = chain.engine();
  Request r = after({7, 3}, 9);
  r.stop_tokens = {11, 6, 7};  // 7 in the prompt stops nothing
  Completion c = generate(engine, std::vector{r})[0][0];
  EXPECT_EQ(c.tokens, (std::vector<int>{4, 5, 6}));
  EXPECT_TRUE(c.stopped);
  r.stop_tokens = {4};
  c = generate(engine, std::vector{r})[0][0];
  EXPECT_EQ(c.tokens, std::vector<int>{4}) << "the first token may stop";
  EXPECT_TRUE(c.stopped);
  r.max_new_tokens = 1;
  EXPECT_TRUE(generate(engine, std::vector{r})[0][0].stopped) << "a stop token that takes the budget's last place";
}

TEST(Engine, EndsWithTheContext) {
  Chain chain(100, 6);
  Engine engine = chain.engine();
  const auto tokens_after = [&](size_t prompt) {
    return generate(engine, std::vector{after(std::vector<int>(prompt, 2), 50)})[0][0];
  };
  EXPECT_EQ(tokens_after(1).tokens.size(), 5u);
  EXPECT_EQ(tokens_after(4).tokens, (std::vector<int>{3, 4}));
  EXPECT_EQ(tokens_after(5).tokens.size(), 1u);
  EXPECT_EQ(tokens_after(9).tokens.size(), 1u) << "a prompt that fills the context still gets its next token";
  EXPECT_FALSE(tokens_after(4).stopped);
}

TEST(Engine, EmitsEachTokenOnceAndMarksTheLast) {
  Chain chain(2);
  Engine engine = chain.engine({.max_running = 2, .prefill_tokens = 3});
  Request r = after({1, 2, 3, 4}, 6);
  r.samples = 5;
  r.stop_tokens = {8};
  const uint64_t first = engine.submit(r), other = engine.submit(after({5}, 3));
  EXPECT_EQ(other, first + 5);
  std::map<uint64_t, std::vector<int>> emitted;
  std::map<uint64_t, int> ends;
  while (!engine.idle())
    for (const Engine::Emitted& e : engine.step()) {
      EXPECT_EQ(ends[e.sample], 0) << "nothing after the last";
      emitted[e.sample].push_back(e.token);
      ends[e.sample] += e.last;
    }
  for (uint64_t id = first; id <= other; ++id) {
    EXPECT_EQ(ends[id], 1);
    EXPECT_EQ(engine.take(id).tokens, emitted[id]);
  }
}

// One reading of a prompt serves all its samples, also those that begin later.
TEST(Engine, SamplesShareTheReadingOfTheirPrompt) {
  Chain chain;
  Engine engine = chain.engine({.max_running = 2, .prefill_tokens = 1});
  Request r = after({5, 4, 3, 2, 1}, 3);
  r.samples = 4;
  engine.submit(r);
  size_t reading = 0, steps = 0;
  while (engine.step().empty()) ++reading;
  EXPECT_EQ(reading, 5u);
  for (; !engine.idle(); ++steps) engine.step();
  EXPECT_LE(steps, 6u) << "two rounds of two samples, and no second reading";
}

TEST(Engine, LongPromptsDoNotHoldUpRunningSamples) {
  Chain chain;
  Engine engine = chain.engine({.max_running = 8, .prefill_tokens = 2});
  const uint64_t quick = engine.submit(after({1}, 4));
  engine.step();
  engine.submit(after(std::vector<int>(40, 3), 4));
  size_t tokens = 0;
  for (size_t i = 0; i < 4; ++i)
    for (const Engine::Emitted& e : engine.step()) tokens += e.sample == quick;
  EXPECT_EQ(tokens, 4u);
}

struct Phase {
  const char* name;
  size_t steps;            // before the cancellation
  size_t expected_tokens;  // what take() returns
};

TEST(Engine, CancelInEachPhase) {
  for (const Phase& phase : {Phase{"waiting", 0, 0},
                             {"half of its prompt read", 2, 0},
                             {"prompt read, nothing drawn", 4, 0},
                             {"running", 6, 3},
                             {"done", 40, 6}}) {
    Chain chain;
    Engine engine = chain.engine({.max_running = 1, .prefill_tokens = 1});
    const uint64_t id = engine.submit(after({4, 3, 2, 1}, 6)), next = engine.submit(after({8, 9}, 2));
    for (size_t i = 0; i < phase.steps; ++i) engine.step();
    engine.cancel(id);
    engine.cancel(id);
    run(engine);
    const Completion c = engine.take(id);
    EXPECT_EQ(c.tokens.size(), phase.expected_tokens) << phase.name;
    EXPECT_EQ(c.log_probs.size(), phase.expected_tokens) << phase.name;
    EXPECT_FALSE(c.stopped) << phase.name;
    EXPECT_EQ(engine.take(next).tokens, (std::vector<int>{10, 11})) << "the next is not harmed: " << phase.name;
  }
}

TEST(Engine, CancelOneOfSeveralSamples) {
  for (size_t steps : {size_t(0), size_t(1), size_t(3)}) {
    Chain chain;
    Engine engine = chain.engine({.max_running = 2, .prefill_tokens = 2});
    Request r = after({4, 3, 2, 1}, 4);
    r.samples = 3;
    const uint64_t first = engine.submit(r);
    for (size_t i = 0; i < steps; ++i) engine.step();
    engine.cancel(first);
    run(engine);
    EXPECT_LT(engine.take(first).tokens.size(), 4u);
    for (uint64_t id : {first + 1, first + 2})
      EXPECT_EQ(engine.take(id).tokens, (std::vector<int>{2, 3, 4, 5})) << steps;
  }
}

TEST(Engine, CancelOfAnUnknownSampleIsNothing) {
  Chain chain;
  Engine engine = chain.engine();
  const uint64_t id = engine.submit(after({1}, 2));
  engine.cancel(id + 1);
  engine.cancel(12345);
  run(engine);
  EXPECT_EQ(engine.take(id).tokens, (std::vector<int>{2, 3}));
  engine.cancel(id);  // taken, so forgotten
  EXPECT_TRUE(engine.idle());
}

TEST(Engine, TakeOfARunningSampleEndsIt) {
  Chain chain;
  Engine engine = chain.engine();
  const uint64_t id = engine.submit(after({1}, 50));
  for (size_t i = 0; i < 4; ++i) engine.step();
  EXPECT_EQ(engine.take(id).tokens, (std::vector<int>{2, 3, 4, 5}));
  EXPECT_TRUE(engine.idle());
  EXPECT_TRUE(engine.step().empty());
}

TEST(Engine, BannedTokensAreNotDrawn) {
  Chain chain(3);
  Engine engine = chain.engine();
  Request r = after({1}, 40);
  r.samples = 4;
  r.sampling.banned_tokens = {2, 9};
  const auto drawn = generate(engine, std::vector{r});
  for (const Completion& c : drawn[0])
    for (int t : c.tokens) EXPECT_TRUE(t != 2 && t != 9);
}

TEST(Engine, AnInterruptKeepsWhatThereIs) {
  Chain chain;
  Engine engine = chain.engine();
  Request r = after({1}, 40);
  r.samples = 2;
  install_interrupt_handler();
  std::raise(SIGINT);
  const auto stopped = generate(engine, std::vector{r});
  clear_interrupt();
  ASSERT_EQ(stopped[0].size(), 2u);
  for (const Completion& c : stopped[0]) EXPECT_LT(c.tokens.size(), 40u);
  EXPECT_TRUE(engine.idle());
  EXPECT_EQ(generate(engine, std::vector{after({1}, 2)})[0][0].tokens, (std::vector<int>{2, 3}));
}

}  // namespace
}  // namespace r1
