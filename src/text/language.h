// Which language a text is in, by its words: for the language-consistency reward.
#pragma once
#include <cstddef>
#include <string_view>

namespace r1 {

enum class Language { english, chinese };

// A word of English is a run of ASCII letters, with apostrophes between them; one of Chinese is a run of Han
// characters, however long; a run of other letters counts as other (so does a Latin word with a letter outside ASCII).
// Where the script changes, a word ends. Digits, operators and everything else are no words. Give it text without its
// <tags>.
struct LanguageCounts {
  size_t english = 0, chinese = 0, other = 0;
  bool operator==(const LanguageCounts&) const = default;
};
LanguageCounts count_words(std::string_view text);

// The share of words in the language; `without_words` if the text has none.
double language_share(std::string_view text, Language language, double without_words = 0);

// Whether English and Chinese words both occur.
bool mixes_languages(std::string_view text);

}  // namespace r1
