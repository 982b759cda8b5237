// The chat template of the DeepSeek R1 family, with the markers as data.
//
//   bos  system texts joined by a blank line  { user TEXT | assistant TEXT eos }...  assistant (to be continued by the
//   model)
//
// No space or line break between markers and texts. Of an earlier answer only what follows its last "</think>" is kept,
// untrimmed; reasoning_content is dropped. Nothing is put after the last assistant marker.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/tokenizer.h"

namespace r1 {

// The defaults are DeepSeek R1's, whose bars are U+FF5C and whose low lines are U+2581. An empty marker is left out.
struct ChatTemplate {
  std::string bos = "<｜begin▁of▁sentence｜>";
  std::string user = "<｜User｜>";
  std::string assistant = "<｜Assistant｜>";
  std::string eos = "<｜end▁of▁sentence｜>";
};

struct ChatMessage {
  std::string role;  // system, developer (the same), user, assistant
  std::string content;
  std::string reasoning_content;
};

struct ChatPiece {
  std::string text;
  bool marker = false;  // becomes one token; else the text is text, whatever it spells
  bool operator==(const ChatPiece&) const = default;
};

// Errors: no messages, an unknown role.
Result<std::vector<ChatPiece>> render_chat(const ChatTemplate& chat, std::span<const ChatMessage> messages,
                                           bool add_generation_prompt);
std::string text_of(std::span<const ChatPiece> pieces);

// Errors: as render_chat, and a marker that the tokenizer has no token for.
Result<std::vector<int>> encode_chat(const Tokenizer& tokenizer, const ChatTemplate& chat,
                                     std::span<const ChatMessage> messages, bool add_generation_prompt);

// The same template as Jinja, for tokenizer_config.json.
std::string jinja_source(const ChatTemplate& chat);

}  // namespace r1
