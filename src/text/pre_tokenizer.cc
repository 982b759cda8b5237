#include "text/pre_tokenizer.h"

#include "base/log.h"
#include "text/utf8.h"

namespace r1 {
namespace {

constexpr size_t kMaxPatterns = 64;

// One past the run of characters from `at` on that are all valid, or all ill-formed.
size_t end_of_run(std::string_view text, size_t at) {
  CodePoint c = decode_utf8(text, at);
  const bool valid = c.valid;
  while (c.valid == valid) {
    at += c.bytes;
    if (at == text.size()) break;
    c = decode_utf8(text, at);
  }
  return at;
}

}  // namespace

Result<PreTokenizer> PreTokenizer::create(const std::vector<std::string>& patterns, std::string_view where) {
  if (patterns.size() > kMaxPatterns)
    return Error::invalid(std::string(where),
                          cat("has ", patterns.size(), " patterns; at most ", kMaxPatterns, " are taken"));
  PreTokenizer made;
  for (size_t i = 0; i < patterns.size(); ++i) {
    TRY_ASSIGN(Pattern pattern, Pattern::compile(patterns[i], cat(where, ": pattern ", i)));
    made.patterns_.push_back(std::move(pattern));
  }
  return made;
}

std::vector<std::string_view> PreTokenizer::split(std::string_view text) const {
  std::vector<std::string_view> pieces, finer;
  bool within_limits = true;
  for (size_t at = 0; at < text.size();) {
    const size_t end = end_of_run(text, at);
    const std::string_view run = text.substr(at, end - at);
    at = end;
    if (!decode_utf8(run, 0).valid) {
      pieces.push_back(run);
      continue;
    }
    std::vector<std::string_view> of_run = {run};
    for (const Pattern& pattern : patterns_) {
      finer.clear();
      for (const std::string_view piece : of_run) within_limits &= pattern.split(piece, finer);
      of_run.swap(finer);
    }
    pieces.insert(pieces.end(), of_run.begin(), of_run.end());
  }
  if (!within_limits)
    log_warning("a split pattern of the tokenizer gave up on this text: its tokens may not be the usual ones");
  return pieces;
}

}  // namespace r1
