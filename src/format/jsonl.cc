#include "format/jsonl.h"

#include <algorithm>
#include <utility>

namespace r1 {

JsonLines::JsonLines(std::string_view text, std::string where, size_t max_line)
    : rest_(text), where_(std::move(where)), max_line_(max_line) {
  if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
}

Result<std::optional<JsonLine>> JsonLines::next() {
  while (!rest_.empty()) {
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    JsonLine line{rest_.substr(0, end), ++number_};
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.text.ends_with('\r')) line.text.remove_suffix(1);
    if (line.text.size() > max_line_)
      return Error::corrupt(where(line), cat("has ", line.text.size(), " bytes; expected at most ", max_line_));
    if (line.text.find_first_not_of(" \t\r") != line.text.npos) return std::optional(line);
  }
  return std::optional<JsonLine>();
}

std::string JsonLines::where(const JsonLine& line) const { return cat(where_, ": line ", line.number); }

}  // namespace r1
