#include "text/language.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

LanguageCounts counts(size_t english, size_t chinese, size_t other = 0) { return {english, chinese, other}; }

TEST(Language, CountsWords) {
  EXPECT_EQ(count_words("then 3 + 4 = 7 ok wait"), counts(3, 0));
  EXPECT_EQ(count_words("那么 3 + 4 = 7 等等，好"), counts(0, 3));
  EXPECT_EQ(count_words("用python写"), counts(1, 2));
  EXPECT_EQ(count_words("那么那么那么"), counts(0, 1));
  EXPECT_EQ(count_words("don't it\u2019s 'quoted' a'"), counts(4, 0));
  EXPECT_EQ(count_words("x1y2"), counts(2, 0));
  EXPECT_EQ(count_words("caf\u00E9 cafe\u0301 na\u00EFve"), counts(1, 0, 2));
  EXPECT_EQ(count_words("Привет мир かな 漢字かな"), counts(0, 1, 4));
  EXPECT_EQ(count_words("人々"), counts(0, 1));
  EXPECT_EQ(count_words("\U00020000\U0003134A"), counts(0, 1));
  EXPECT_EQ(count_words("12 + 3 = 15 。，\u00A0😀"), counts(0, 0));
  EXPECT_EQ(count_words("ab\xFF\xFE"
                        "cd\xE4\xBD"),
            counts(2, 0));
  EXPECT_EQ(count_words(""), counts(0, 0));
}

TEST(Language, Share) {
  EXPECT_EQ(language_share("then 那么 3 wait ok", Language::english), 0.75);
  EXPECT_EQ(language_share("then 那么 3 wait ok", Language::chinese), 0.25);
  EXPECT_EQ(language_share("then привет", Language::english), 0.5);
  EXPECT_EQ(language_share("3 + 4", Language::english), 0);
  EXPECT_EQ(language_share("3 + 4", Language::english, 1), 1);
}

TEST(Language, Mixing) {
  EXPECT_TRUE(mixes_languages("then 等等"));
  EXPECT_FALSE(mixes_languages("then wait 3"));
  EXPECT_FALSE(mixes_languages("那么 3"));
  EXPECT_FALSE(mixes_languages("then привет"));
}

}  // namespace
}  // namespace r1
