#include "chat/decode.h"

namespace r1 {

std::string text_of_tokens(const Tokenizer& tokenizer, std::span<const int> ids) {
  std::string out;
  for (const int id : ids) {
    const auto bytes = tokenizer.bytes_of(id);
    out += bytes.ok() ? *bytes : std::string_view("\uFFFD");
  }
  return out;
}

std::string completion_text(const Tokenizer& tokenizer, std::span<const int> tokens, bool stopped) {
  return text_of_tokens(tokenizer, stopped && !tokens.empty() ? tokens.first(tokens.size() - 1) : tokens);
}

}  // namespace r1
