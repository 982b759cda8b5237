// The words of the quickstart's corpus: eleven pairs, English and Chinese, beside the numbers 0..69 and + - * =.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "text/language.h"

namespace r1 {

enum class Word : uint8_t { compute, reach, with, then, check, ok, wait, try_, no, yes, so, count };

inline constexpr int kLargestNumber = 69;

std::string_view word_in(Word word, Language language);
inline std::string_view language_code(Language language) { return language == Language::english ? "en" : "zh"; }

// Every word, number and operator of the corpus, without spaces: what a tokenizer should hold as one token each, both
// alone and after one space.
std::vector<std::string> corpus_words();

// "wait", "check" and their translations: the words that mark a second look.
std::vector<std::string> reflective_words();
// How many of them stand in `text`; the English ones as whole words in lower or upper case, the Chinese ones anywhere.
size_t count_reflective_words(std::string_view text);

// The language of a thought: one of the two, or each word drawn anew.
enum class Voice : uint8_t { english, chinese, mixed };

// Appends words, numbers and operators, each after one space.
class Pen {
 public:
  Pen(Voice voice, Rng& rng) : voice_(voice), rng_(rng) {}
  Pen& operator<<(Word word);
  Pen& operator<<(int number);
  Pen& operator<<(char op);
  void append(std::string_view text) { text_ += text; }
  std::string take() { return std::move(text_); }

 private:
  Voice voice_;
  Rng& rng_;
  std::string text_;
};

}  // namespace r1
