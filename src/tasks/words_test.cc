#include "tasks/words.h"

#include <gtest/gtest.h>

#include <set>

namespace r1 {
namespace {

TEST(Words, AreElevenDistinctPairsAndSeventyNumbers) {
  const auto words = corpus_words();
  EXPECT_EQ(words.size(), 2 * 11 + 4 + 70u);
  EXPECT_EQ(std::set<std::string>(words.begin(), words.end()).size(), words.size());
  EXPECT_EQ(word_in(Word::so, Language::english), "so");
  EXPECT_EQ(word_in(Word::so, Language::chinese), "所以");
}

TEST(Words, CountsSecondLooksAsWholeWords) {
  EXPECT_EQ(reflective_words(), (std::vector<std::string>{"wait", "check", "等等", "检查"}));
  EXPECT_EQ(count_reflective_words("<think> then 1 wait 2 check 3</think>"), 2u);
  EXPECT_EQ(count_reflective_words("Wait, WAIT! wait"), 3u);
  EXPECT_EQ(count_reflective_words("waiting await checks recheck waitwait"), 0u);
  EXPECT_EQ(count_reflective_words(" 等等 1 检查,等等"), 3u);
  EXPECT_EQ(count_reflective_words(""), 0u);
}

TEST(Pen, WritesEachPieceAfterOneSpace) {
  Rng rng{1, 0, 0};
  Pen english(Voice::english, rng), chinese(Voice::chinese, rng);
  english << Word::then << 3 << '+' << 12;
  chinese << Word::wait << 0;
  EXPECT_EQ(english.take(), " then 3 + 12");
  EXPECT_EQ(chinese.take(), " 等等 0");
  Pen mixed(Voice::mixed, rng);
  for (int i = 0; i < 100; ++i) mixed << Word::no;
  const LanguageCounts counts = count_words(mixed.take());
  EXPECT_GT(counts.english, 20u);
  EXPECT_GT(counts.chinese, 20u);
}

}  // namespace
}  // namespace r1
