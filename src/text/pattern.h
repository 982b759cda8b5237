// One split pattern of a tokenizer file, compiled for PCRE2.
//
// Tokenizer files are written for Oniguruma's dialect. A pattern is taken only if it means the same in both: the
// classes \p \P \s \S \d \D, the escapes \r \n \t \f \xHH and escaped punctuation, groups, alternation, look-around and
// quantifiers. Everything else (\w, \b, ^, $, nested classes, back references ...) is an error that names it. Thread
// safety: immutable once compiled.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace r1 {

class Pattern {
 public:
  static Result<Pattern> compile(std::string_view source, std::string_view where);
  const std::string& source() const { return source_; }

  // Appends the pieces of `text`: the matches from left to right, and the stretches between them. No piece is empty.
  // REQUIRES: text is valid UTF-8. False if a match took more work or memory than the limits allow, which only a
  // repeated group can (nested repetition, or a very long stretch); the rest of the text is then one piece.
  bool split(std::string_view text, std::vector<std::string_view>& pieces) const;

 private:
  struct Code;
  std::string source_;
  std::shared_ptr<const Code> code_;
};

}  // namespace r1
