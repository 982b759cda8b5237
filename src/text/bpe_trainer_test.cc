#include "text/bpe_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace r1 {
namespace {

// What the quickstart's corpus is made of.
std::vector<std::string> quickstart_words() {
  std::vector<std::string> words = {"compute", "reach", "with", "then", "check", "ok",   "wait", "try",  "no", "yes",
                                    "so",      "计算",  "得到", "用",   "然后",  "检查", "好",   "等等", "试", "不",
                                    "对",      "所以",  "+",    "-",    "*",     "/",    "=",    "(",    ")"};
  for (int n = 0; n < 70; ++n) words.push_back(std::to_string(n));
  const size_t bare = words.size();
  for (size_t i = 0; i < bare; ++i) words.push_back(" " + words[i]);
  return words;
}

BpeTrainerOptions quickstart_options() {
  BpeTrainerOptions options;
  options.added_tokens = {{"<pad>", true},     {"<bos>", true},       {"<eos>", true},
                          {"<user>", true},    {"<assistant>", true}, {"<think>", false},
                          {"</think>", false}, {"<answer>", false},   {"</answer>", false}};
  options.max_vocab = 700;
  return options;
}

TEST(BpeTrainer, EveryQuickstartWordIsOneTokenUnder700Ids) {
  BpeTrainerOptions options = quickstart_options();
  options.must_be_tokens = quickstart_words();
  const std::vector<std::string> texts = {
      "<bos><user>compute 3 + 4 * 2<assistant><think> then 3 + 4 = 7 wait</think><answer>14</answer><eos>",
      "<bos><user>计算 3 + 4<assistant>等等 好"};
  const auto corpus = count_pre_tokens(texts, options);
  ASSERT_TRUE(corpus.ok());
  const auto t = train_bpe(*corpus, options);
  ASSERT_TRUE(t.ok()) << t.error().text();
  EXPECT_LT(t->vocab_size(), 700u);
  for (const std::string& word : options.must_be_tokens) EXPECT_EQ(t->encode(word, true).size(), 1u) << word;
  for (size_t i = 0; i < options.added_tokens.size(); ++i)
    EXPECT_EQ(t->token_id(options.added_tokens[i].content).value(), int(i));
  EXPECT_EQ(t->encode(texts[0], true).size(), 22u);
}

TEST(BpeTrainer, SameResultForAnyOrderOfTheArguments) {
  std::vector<WordCount> corpus;
  for (const std::string& word : quickstart_words()) corpus.push_back({word, 1 + word.size() % 3});
  BpeTrainerOptions options = quickstart_options();
  const std::string one = tokenizer_to_json(*train_bpe(corpus, options));
  std::reverse(corpus.begin(), corpus.end());
  EXPECT_EQ(tokenizer_to_json(*train_bpe(corpus, options)), one);
  corpus.push_back({corpus[0].word, 1});  // the same words, counted in two parts
  --corpus[0].count;
  EXPECT_EQ(tokenizer_to_json(*train_bpe(corpus, options)), one);
}

TEST(BpeTrainer, MostFrequentPairFirstThenSmallestIds) {
  BpeTrainerOptions options;
  const std::vector<WordCount> corpus = {{"abab", 2}, {"cd", 4}, {"bd", 3}};
  const auto t = train_bpe(corpus, options);
  ASSERT_TRUE(t.ok()) << t.error().text();
  // ab: 4 and cd: 4 tie, a before c; then bd: 3, then (ab, ab): 2.
  EXPECT_EQ(t->spec().merges, (std::vector<MergePair>{{'a', 'b'}, {'c', 'd'}, {'b', 'd'}, {256, 256}}));
  EXPECT_EQ(t->spec().tokens[259], "abab");
}

TEST(BpeTrainer, RepeatedLettersAreCountedAsTheyMerge) {
  const auto t = train_bpe(std::vector<WordCount>{{"aaaaa", 1}}, BpeTrainerOptions{});
  ASSERT_TRUE(t.ok()) << t.error().text();
  EXPECT_EQ(t->encode("aaaaa", false).size(), 1u);
  EXPECT_EQ(t->spec().merges[0], (MergePair{'a', 'a'}));
}

TEST(BpeTrainer, AWordThatDoesNotFitIsNamed) {
  BpeTrainerOptions options;
  options.max_vocab = 258;
  const std::vector<WordCount> corpus = {{"reach", 5}};
  auto t = train_bpe(corpus, options);
  ASSERT_FALSE(t.ok());
  EXPECT_NE(t.error().text().find("\"reach\""), std::string::npos) << t.error().text();
  EXPECT_NE(t.error().text().find("258"), std::string::npos);
  options.every_word = false;
  t = train_bpe(corpus, options);
  ASSERT_TRUE(t.ok());
  EXPECT_EQ(t->vocab_size(), 258u);
  options.must_be_tokens = {"reach"};
  EXPECT_FALSE(train_bpe(corpus, options).ok());
}

TEST(BpeTrainer, AWordThatThePatternsCutIsNamed) {
  BpeTrainerOptions options;
  options.must_be_tokens = {"two words"};
  const auto t = train_bpe({}, options);
  ASSERT_FALSE(t.ok());
  EXPECT_NE(t.error().text().find("\"two words\""), std::string::npos);
}

TEST(BpeTrainer, BadOptionsAreErrors) {
  BpeTrainerOptions options;
  options.max_vocab = 255;
  EXPECT_FALSE(train_bpe({}, options).ok());
  options.max_vocab = 300;
  options.added_tokens = {{"ab", true}};
  const auto spelled = train_bpe(std::vector<WordCount>{{"ab", 1}}, options);
  ASSERT_FALSE(spelled.ok());
  EXPECT_NE(spelled.error().text().find("\"ab\""), std::string::npos);
  options.added_tokens = {{"", true}};
  EXPECT_FALSE(train_bpe({}, options).ok());
  EXPECT_FALSE(count_pre_tokens({}, options).ok());
  options.added_tokens = {{"x", true}};  // a byte's own text
  EXPECT_FALSE(train_bpe({}, options).ok());
  options.added_tokens = {};
  options.patterns = {"("};
  EXPECT_FALSE(train_bpe({}, options).ok());
  EXPECT_FALSE(count_pre_tokens({}, options).ok());
}

TEST(CountPreTokens, CountsAndCutsMarkersOut) {
  BpeTrainerOptions options;
  options.added_tokens = {{"<think>", false}};
  const std::vector<std::string> texts = {"a b a", "<think>a<think>"};
  EXPECT_EQ(count_pre_tokens(texts, options).value(), (std::vector<WordCount>{{" a", 1}, {" b", 1}, {"a", 2}}));
  EXPECT_TRUE(count_pre_tokens({}, options).value().empty());
}

}  // namespace
}  // namespace r1
