#include "tasks/words.h"
#include "train/test_run.h"

namespace r1 {
namespace {

using testing::tiny_tokenizer;

TEST(CorpusTokenizer, EveryWordAndNumberIsOneTokenAloneAndAfterASpace) {
  EXPECT_LE(tiny_tokenizer().vocab_size(), 700u);
  for (const std::string& word : corpus_words())
    for (const std::string& spelled : {word, " " + word})
      EXPECT_EQ(tiny_tokenizer().encode(spelled, false).size(), 1u) << spelled;
}

TEST(CorpusTokenizer, TagsAndMarkersAreOneTokenOnlyWhenAskedFor) {
  for (const char* tag : {"<think>", "</think>", "<answer>", "</answer>"}) {
    EXPECT_EQ(tiny_tokenizer().encode(tag, true).size(), 1u);
    EXPECT_GT(tiny_tokenizer().encode(tag, false).size(), 1u);
  }
}

TEST(CorpusSource, ProblemsTrainOnTheAnswerPagesOnAll) {
  const CorpusConfig config;
  const ChatTemplate chat;
  const auto source = corpus_source(config, tiny_tokenizer(), chat, 5);
  const int eos = tiny_tokenizer().token_id(chat.eos).value();
  size_t problems = 0, pages = 0;
  for (uint64_t i = 0; i < 60; ++i) {
    const TrainSequence s = source->sequence(i).value();
    const Document d = corpus_document(config, 5, i);
    std::vector<int> prompt = {tiny_tokenizer().token_id(chat.bos).value()};
    if (d.kind == PageKind::problem) {
      const ChatMessage question{"user", d.prompt, ""};
      prompt = encode_chat(tiny_tokenizer(), chat, {&question, 1}, true).value();
    }
    (d.kind == PageKind::problem ? problems : pages) += 1;
    std::vector<int> all = prompt;
    for (const int id : tiny_tokenizer().encode(d.completion, true)) all.push_back(id);
    all.push_back(eos);
    EXPECT_EQ(s.tokens, all);
    ASSERT_EQ(s.trained.size(), all.size());
    for (size_t t = 0; t < all.size(); ++t) EXPECT_EQ(bool(s.trained[t]), t >= prompt.size());
    EXPECT_EQ(source->sequence(i)->tokens, s.tokens);
  }
  EXPECT_GT(problems, 0u);
  EXPECT_GT(pages, 0u);
}

}  // namespace
}  // namespace r1
