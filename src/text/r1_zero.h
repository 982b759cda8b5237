// How a single question is put to a model: by its chat template, or by R1-Zero's prompt for base models.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/template.h"
#include "text/tokenizer.h"

namespace r1 {

enum class PromptStyle : uint8_t { chat, r1_zero };

// R1-Zero's prompt: plain text, one turn, no content advice (DeepSeek-R1, arXiv 2501.12948, table 1; the wording is
// ours). Ends in "Assistant:"; the model writes <think> itself.
std::string r1_zero_prompt(std::string_view question);

// Up to where the model goes on. The question is text, whatever markers it spells. Errors: as encode_chat.
Result<std::vector<int>> encode_question(const Tokenizer& tokenizer, const ChatTemplate& chat, PromptStyle style,
                                         const std::string& question);

}  // namespace r1
