#include "text/r1_zero.h"

namespace r1 {
namespace {

constexpr std::string_view kBefore =
    "Below, User and Assistant talk. User poses a question, and Assistant solves it. Assistant first works through the "
    "reasoning "
    "in private and then tells User the answer. The reasoning stands between <think> and </think>, the answer between "
    "<answer> and "
    "</answer>, like this: <think> reasoning process here </think> <answer> answer here </answer>\nUser: ";
constexpr std::string_view kAfter = ". Assistant:";

}  // namespace

std::string r1_zero_prompt(std::string_view question) { return cat(kBefore, question, kAfter); }

Result<std::vector<int>> encode_question(const Tokenizer& tokenizer, const ChatTemplate& chat, PromptStyle style,
                                         const std::string& question) {
  if (style == PromptStyle::chat) {
    const ChatMessage message{"user", question, ""};
    return encode_chat(tokenizer, chat, {&message, 1}, true);
  }
  std::vector<int> ids;
  if (!chat.bos.empty()) {
    TRY_ASSIGN(const int bos, tokenizer.token_id(chat.bos));
    ids.push_back(bos);
  }
  for (const auto& [text, markers] : {std::pair{kBefore, true}, {std::string_view(question), false}, {kAfter, true}}) {
    const std::vector<int> part = tokenizer.encode(text, markers);
    ids.insert(ids.end(), part.begin(), part.end());
  }
  return ids;
}

}  // namespace r1
