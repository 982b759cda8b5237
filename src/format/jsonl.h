// JSON Lines: one JSON document a line. This hands out the lines; parsing them is the caller's.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace r1 {

struct JsonLine {
  std::string_view text;  // without its line end; into the reader's text
  size_t number = 0;      // from 1, blank lines counted
};

// Walks a text in memory. Lines end in LF or CRLF; the last may end with the text. Lines of spaces and tabs only are
// skipped, as is a byte order mark at the start.
class JsonLines {
 public:
  // `where` names the text in errors. REQUIRES: the text outlives the reader.
  JsonLines(std::string_view text, std::string where, size_t max_line = size_t(16) << 20);

  // The next line, or nothing at the end. A line that is too long is an Error; the one after it comes next.
  Result<std::optional<JsonLine>> next();
  // "data.jsonl: line 12", for errors about that line.
  std::string where(const JsonLine& line) const;

 private:
  std::string_view rest_;
  std::string where_;
  size_t max_line_, number_ = 0;
};

}  // namespace r1
