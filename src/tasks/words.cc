#include "tasks/words.h"

#include <array>

#include "base/cat.h"

namespace r1 {
namespace {

struct Pair {
  Word word;
  std::string_view english, chinese;
};
constexpr std::array kPairs = {
    Pair{Word::compute, "compute", "计算"}, Pair{Word::reach, "reach", "得到"}, Pair{Word::with, "with", "用"},
    Pair{Word::then, "then", "然后"},       Pair{Word::check, "check", "检查"}, Pair{Word::ok, "ok", "好"},
    Pair{Word::wait, "wait", "等等"},       Pair{Word::try_, "try", "试试"},    Pair{Word::no, "no", "不"},
    Pair{Word::yes, "yes", "对"},           Pair{Word::so, "so", "所以"}};
static_assert(kPairs.size() == size_t(Word::count) && [] {
  for (size_t i = 0; i < kPairs.size(); ++i)
    if (size_t(kPairs[i].word) != i) return false;
  return true;
}());

constexpr std::array kReflective = {Word::wait, Word::check};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }

size_t count_english(std::string_view text, std::string_view word) {
  size_t count = 0, run = 0;  // run: matched characters since the last word boundary; too many inside another word
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || !is_letter(text[i])) {
      count += run == word.size();
      run = 0;
    } else if (run < word.size() && lower(text[i]) == word[run]) {
      ++run;
    } else {
      run = word.size() + 1;
    }
  }
  return count;
}

size_t count_anywhere(std::string_view text, std::string_view word) {
  size_t count = 0;
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + word.size())) ++count;
  return count;
}

}  // namespace

std::string_view word_in(Word word, Language language) {
  const Pair& pair = kPairs[size_t(word)];
  return language == Language::english ? pair.english : pair.chinese;
}

std::vector<std::string> corpus_words() {
  std::vector<std::string> words;
  for (const Pair& pair : kPairs) words.emplace_back(pair.english);
  for (const Pair& pair : kPairs) words.emplace_back(pair.chinese);
  for (char op : {'+', '-', '*', '='}) words.emplace_back(1, op);
  for (int n = 0; n <= kLargestNumber; ++n) words.push_back(cat(n));
  return words;
}

std::vector<std::string> reflective_words() {
  std::vector<std::string> words;
  for (Language language : {Language::english, Language::chinese})
    for (Word word : kReflective) words.emplace_back(word_in(word, language));
  return words;
}

size_t count_reflective_words(std::string_view text) {
  size_t count = 0;
  for (Word word : kReflective)
    count +=
        count_english(text, word_in(word, Language::english)) + count_anywhere(text, word_in(word, Language::chinese));
  return count;
}

Pen& Pen::operator<<(Word word) {
  const bool chinese = voice_ == Voice::chinese || (voice_ == Voice::mixed && rng_.chance(0.5));
  cat_append(text_, ' '), cat_append(text_, word_in(word, chinese ? Language::chinese : Language::english));
  return *this;
}

Pen& Pen::operator<<(int number) {
  cat_append(text_, ' '), cat_append(text_, number);
  return *this;
}

Pen& Pen::operator<<(char op) {
  cat_append(text_, ' '), cat_append(text_, op);
  return *this;
}

}  // namespace r1
