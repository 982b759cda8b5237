// tokenizer_config.json of Hugging Face folders: what a tokenizer's tokens are for, and the chat template.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace r1 {

struct TokenizerConfig {
  std::optional<std::string> bos_token, eos_token, pad_token;  // their text
  std::optional<bool> add_bos_token, add_eos_token;
  std::optional<std::string> chat_template;  // Jinja source
  std::optional<uint64_t> model_max_length;  // tokens; absent also where the file writes "no limit" as 1e30
};

// Unknown fields are left aside (the file has many), known ones of the wrong type are errors. A token may be a string
// or an object with "content"; a list of named templates gives the one called "default".
Result<TokenizerConfig> tokenizer_config_from_json(std::string_view text, std::string_view where);
std::string tokenizer_config_to_json(const TokenizerConfig& config);

}  // namespace r1
