// Cuts text into the pieces that byte-pair merging never crosses: patterns applied one after another, each to the
// pieces of the one before, matches and gaps both kept ("isolated" in a tokenizer file). Thread safety: immutable;
// split may run on any number of threads.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/pattern.h"

namespace r1 {

// GPT-2's: English contractions, then letters, digits or other characters with at most one space before them, then
// white space.
inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

class PreTokenizer {
 public:
  PreTokenizer() = default;  // no pattern: a text is one piece
  static Result<PreTokenizer> create(const std::vector<std::string>& patterns, std::string_view where);

  // The pieces in order; together they are `text`, and they point into it. A maximal run of bytes that are not UTF-8 is
  // a piece.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  std::vector<Pattern> patterns_;
};

}  // namespace r1
