#include "output.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "format/json_write.h"

namespace r1 {

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

Status flush_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return {};
  return Error::io("standard output",
                   cat("cannot write: ", errno != 0 ? std::strerror(errno) : "an earlier write failed"));
}

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }
bool stdin_is_terminal() { return ::isatty(STDIN_FILENO) == 1; }

Result<std::optional<std::string>> read_line(size_t limit) {
  std::string line;
  for (int c = std::getchar(); c != '\n'; c = std::getchar()) {
    if (c == EOF) return line.empty() ? std::nullopt : std::optional(std::move(line));
    if (line.size() == limit) return Error::invalid("standard input", cat("has a line of more than ", limit, " bytes"));
    line += char(c);
  }
  return std::optional(std::move(line));
}

Result<std::string> read_all(size_t limit) {
  std::string text;
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (text.size() == limit) return Error::invalid("standard input", cat("has more than ", limit, " bytes"));
    text += char(c);
  }
  return text;
}

Result<std::vector<int>> parse_ids(std::string_view option, std::string_view text) {
  std::vector<int> ids;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = text.substr(begin, end - begin);
    int id = -1;
    const auto [stop, code] = std::from_chars(item.data(), item.data() + item.size(), id);
    if (code != std::errc() || stop != item.data() + item.size() || id < 0)
      return Error::usage(std::string(option), cat("item ", ids.size() + 1, " is ", json_quote_start(item),
                                                   "; expected token ids as in 1,2,3"));
    ids.push_back(id);
    begin = end + 1;
  }
  return ids;
}

}  // namespace r1
