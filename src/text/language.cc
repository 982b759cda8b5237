#include "text/language.h"

#include <utf8proc.h>

#include "text/utf8.h"

namespace r1 {
namespace {

enum class Kind { none, ascii_letter, han, other_letter, mark, apostrophe };

// Unicode's ideographic blocks and the two ideographic signs used within words (U+3005, U+3007).
bool is_han(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x20000 && c <= 0x323AF) || c == 0x3005 || c == 0x3007;
}

Kind kind_of(const CodePoint& c) {
  if (!c.valid) return Kind::none;
  if ((c.value | 0x20) >= 'a' && (c.value | 0x20) <= 'z') return Kind::ascii_letter;
  if (c.value == '\'' || c.value == 0x2019) return Kind::apostrophe;
  if (c.value < 0x80) return Kind::none;
  if (is_han(c.value)) return Kind::han;
  switch (utf8proc_category(utf8proc_int32_t(c.value))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return Kind::other_letter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return Kind::mark;
    default:
      return Kind::none;
  }
}

}  // namespace

LanguageCounts count_words(std::string_view text) {
  LanguageCounts counts;
  Kind word = Kind::none;  // of the word being read
  const auto end_word = [&] {
    counts.english += word == Kind::ascii_letter;
    counts.chinese += word == Kind::han;
    counts.other += word == Kind::other_letter;
    word = Kind::none;
  };
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    at += c.bytes;
    const Kind kind = kind_of(c);
    if (kind == Kind::mark && word != Kind::none) continue;
    if (kind == Kind::apostrophe && word == Kind::ascii_letter) continue;
    const bool latin = (word == Kind::ascii_letter || word == Kind::other_letter) &&
                       (kind == Kind::ascii_letter || kind == Kind::other_letter);
    if (latin) {
      if (kind == Kind::other_letter) word = kind;
      continue;
    }
    if (kind == word) continue;
    end_word();
    if (kind == Kind::ascii_letter || kind == Kind::han || kind == Kind::other_letter) word = kind;
  }
  end_word();
  return counts;
}

double language_share(std::string_view text, Language language, double without_words) {
  const LanguageCounts counts = count_words(text);
  const size_t all = counts.english + counts.chinese + counts.other;
  if (all == 0) return without_words;
  return double(language == Language::english ? counts.english : counts.chinese) / double(all);
}

bool mixes_languages(std::string_view text) {
  const LanguageCounts counts = count_words(text);
  return counts.english > 0 && counts.chinese > 0;
}

}  // namespace r1
