#include "chat/session.h"

#include <csignal>

#include "base/interrupt.h"
#include "bundle/test_bundle.h"
#include "chat/decode.h"
#include "format/utf8.h"
#include "kernels/targets.h"
#include "text/utf8.h"

namespace r1 {
namespace {

using testing::contains;

struct Fixture {
  Fixture() : bundle(testing::small_bundle("tiny-v3", 5)), model(bundle.config, std::move(bundle.weights)) {}
  Session session() { return Session({*all_kernels().front(), pool}, model, bundle.tokenizer, bundle.chat); }

  ThreadPool pool{1};
  ModelBundle bundle;
  Model model;
};

AnswerOptions options_of(uint64_t seed, size_t max_new_tokens = 24) {
  AnswerOptions o;
  o.temperature = 1;
  o.seed = seed;
  o.max_new_tokens = max_new_tokens;
  return o;
}

TEST(Session, PiecesAddUpToTheAnswerAndAreUtf8) {
  Fixture f;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Session session = f.session();
    std::string thinking, answer;
    const auto result = session.ask("hi", options_of(seed), [&](const ThinkSplitter::Piece& piece) {
      EXPECT_FALSE(piece.text.empty());
      EXPECT_TRUE(is_utf8(piece.text));
      (piece.thinking ? thinking : answer) += piece.text;
    });
    ASSERT_TRUE(result.ok()) << result.error().text();
    EXPECT_EQ(result->thinking, thinking);
    EXPECT_EQ(result->answer, answer);
    EXPECT_GT(result->prompt_tokens, 2u);
  }
}

// What the engine draws for the same conversation, decoded whole.
SplitText drawn_at_once(Fixture& f, const std::vector<ChatMessage>& messages, const AnswerOptions& options) {
  Engine engine({choose_kernels(), f.pool}, f.model);
  Request request;
  request.prompt = encode_chat(f.bundle.tokenizer, f.bundle.chat, messages, true).value();
  request.sampling = {options.temperature, options.seed, {}};
  request.stream = messages.size();
  request.max_new_tokens = options.max_new_tokens;
  request.stop_tokens = stop_tokens(f.model.config, f.bundle.tokenizer, f.bundle.chat);
  const Completion done = generate(engine, {&request, 1})[0][0];
  return split_thinking(replace_invalid_utf8(f.bundle.tokenizer.decode(done.tokens, true).value()));
}

TEST(Session, GivesOutEverythingTheEngineDraws) {
  Fixture f;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Session session = f.session();
    const Answer first = session.ask("hi", options_of(seed), {}).value();
    const SplitText expected = drawn_at_once(f, {{"user", "hi", ""}}, options_of(seed));
    EXPECT_EQ(first.answer, expected.answer);
    EXPECT_EQ(first.thinking, expected.thinking);
    const auto second = session.ask("ho", options_of(seed, 8), {});
    if (!second.ok()) continue;  // the first answer, spelt in bytes, filled the context
    const std::vector<ChatMessage> turns = {{"user", "hi", ""}, {"assistant", first.answer, ""}, {"user", "ho", ""}};
    EXPECT_EQ(second->answer, drawn_at_once(f, turns, options_of(seed, 8)).answer);
  }
}

TEST(Session, SameSeedSameAnswer) {
  Fixture f;
  Session a = f.session(), b = f.session(), c = f.session();
  const Answer first = *a.ask("hi", options_of(1), {});
  EXPECT_EQ(b.ask("hi", options_of(1), {})->answer, first.answer);
  EXPECT_NE(c.ask("hi", options_of(2), {})->answer, first.answer);
}

TEST(Session, RemembersTheConversationUntilCleared) {
  Fixture f;
  Session session = f.session();
  const Answer first = *session.ask("hi", options_of(1), {});
  const Answer second = *session.ask("hi", options_of(1), {});
  EXPECT_GT(second.prompt_tokens, first.prompt_tokens);
  session.clear();
  const Answer again = *session.ask("hi", options_of(1), {});
  EXPECT_EQ(again.answer, first.answer);
  EXPECT_EQ(again.prompt_tokens, first.prompt_tokens);
}

TEST(Session, AskingTooMuchChangesNothing) {
  Fixture f;
  Session session = f.session(), fresh = f.session();
  const auto too_long = session.ask(std::string(500, 'x'), options_of(1), {});
  ASSERT_FALSE(too_long.ok());
  EXPECT_TRUE(contains(too_long.error().text(), "context of 96"));
  AnswerOptions bad = options_of(1);
  bad.temperature = -0.5f;
  EXPECT_TRUE(contains(session.ask("hi", bad, {}).error().text(), "temperature"));
  EXPECT_EQ(session.ask("hi", options_of(1), {})->answer, fresh.ask("hi", options_of(1), {})->answer);
}

TEST(Session, EndsAtTheBudgetTheContextOrTheStopToken) {
  Fixture f;
  const Answer cut = *f.session().ask("hi", options_of(1, 2), {});
  EXPECT_EQ(cut.tokens, 2u);
  EXPECT_EQ(cut.end, AnswerEnd::length);
  AnswerOptions greedy = options_of(1, 0);
  greedy.temperature = 0;
  const Answer full = *f.session().ask("hi", greedy, {});
  EXPECT_TRUE(full.end == AnswerEnd::stop || full.prompt_tokens + full.tokens == 96);
  bool stopped = false;
  for (uint64_t seed = 0; seed < 40 && !stopped; ++seed) {
    const Answer a = *f.session().ask("hi", options_of(seed, 0), {});
    stopped = a.end == AnswerEnd::stop;
    EXPECT_EQ(a.answer.find(f.bundle.chat.eos), std::string::npos);
  }
  EXPECT_TRUE(stopped);
}

TEST(Session, AnInterruptEndsTheAnswerOnly) {
  install_interrupt_handler();
  Fixture f;
  Session session = f.session();
  size_t pieces = 0;
  const auto answer = session.ask("hi", options_of(1, 60), [&](const ThinkSplitter::Piece&) {
    if (++pieces == 1) std::raise(SIGINT);
  });
  clear_interrupt();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->end, AnswerEnd::interrupted);
  EXPECT_LT(answer->tokens, 60u);
  EXPECT_GT(answer->tokens, 0u);
  EXPECT_NE(session.ask("go on", options_of(1, 4), {})->end, AnswerEnd::interrupted);
}

TEST(Decode, StopTokensAndUnknownIds) {
  Fixture f;
  const int eos = *f.bundle.tokenizer.token_id(f.bundle.chat.eos), a = *f.bundle.tokenizer.token_id("a");
  EXPECT_EQ(completion_text(f.bundle.tokenizer, std::vector<int>{a, a, eos}, true), "aa");
  EXPECT_EQ(completion_text(f.bundle.tokenizer, std::vector<int>{a, eos}, false), "a" + f.bundle.chat.eos);
  EXPECT_EQ(completion_text(f.bundle.tokenizer, std::vector<int>{}, true), "");
  EXPECT_EQ(text_of_tokens(f.bundle.tokenizer, std::vector<int>{a, 99999}), "a\uFFFD");
}

}  // namespace
}  // namespace r1
