#include "text/template.h"

#include "text/think.h"
#include "text/utf8.h"

namespace r1 {
namespace {

void add_marker(std::vector<ChatPiece>& pieces, const std::string& marker) {
  if (!marker.empty()) pieces.push_back({marker, true});
}

// Texts that meet become one piece, so that they are tokenised as the joined text is.
void add_text(std::vector<ChatPiece>& pieces, std::string_view text) {
  if (text.empty()) return;
  if (pieces.empty() || pieces.back().marker) pieces.emplace_back();
  pieces.back().text += text;
}

std::string_view after_last_thought(std::string_view content) {
  const size_t close = content.rfind(kThinkClose);
  return close == content.npos ? content : content.substr(close + kThinkClose.size());
}

bool is_system(const ChatMessage& message) { return message.role == "system" || message.role == "developer"; }

// A string literal of Jinja.
std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

Result<std::vector<ChatPiece>> render_chat(const ChatTemplate& chat, std::span<const ChatMessage> messages,
                                           bool add_generation_prompt) {
  if (messages.empty()) return Error::invalid("messages", "is empty; expected at least one");
  std::vector<ChatPiece> pieces;
  add_marker(pieces, chat.bos);
  bool first_system = true;
  for (const ChatMessage& message : messages) {
    if (!is_system(message)) continue;
    if (!first_system) add_text(pieces, "\n\n");
    first_system = false;
    add_text(pieces, message.content);
  }
  for (size_t i = 0; i < messages.size(); ++i) {
    const ChatMessage& message = messages[i];
    if (is_system(message)) continue;
    if (message.role == "user") {
      add_marker(pieces, chat.user);
      add_text(pieces, message.content);
    } else if (message.role == "assistant") {
      add_marker(pieces, chat.assistant);
      add_text(pieces, after_last_thought(message.content));
      add_marker(pieces, chat.eos);
    } else {
      return Error::invalid(cat("messages[", i, "].role"), cat("is \"", replace_invalid_utf8(message.role),
                                                               "\"; expected system, developer, user or assistant"));
    }
  }
  if (add_generation_prompt) add_marker(pieces, chat.assistant);
  return pieces;
}

std::string text_of(std::span<const ChatPiece> pieces) {
  std::string out;
  for (const ChatPiece& piece : pieces) out += piece.text;
  return out;
}

Result<std::vector<int>> encode_chat(const Tokenizer& tokenizer, const ChatTemplate& chat,
                                     std::span<const ChatMessage> messages, bool add_generation_prompt) {
  TRY_ASSIGN(const std::vector<ChatPiece> pieces, render_chat(chat, messages, add_generation_prompt));
  std::vector<int> ids;
  for (const ChatPiece& piece : pieces) {
    if (piece.marker) {
      TRY_ASSIGN(const int id, tokenizer.token_id(piece.text));
      ids.push_back(id);
    } else {
      const std::vector<int> text = tokenizer.encode(piece.text, false);
      ids.insert(ids.end(), text.begin(), text.end());
    }
  }
  return ids;
}

std::string jinja_source(const ChatTemplate& chat) {
  return cat(
      "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
      "{% set ns = namespace(system='', first=true) %}"
      "{% for message in messages %}{% if message['role'] in ['system', 'developer'] %}"
      "{% set ns.system = ns.system + ('' if ns.first else '\\n\\n') + message['content'] %}"
      "{% set ns.first = false %}{% endif %}{% endfor %}"
      "{{ ",
      literal(chat.bos),
      " }}{{ ns.system }}"
      "{% for message in messages %}"
      "{% if message['role'] == 'user' %}{{ ",
      literal(chat.user),
      " + message['content'] }}"
      "{% elif message['role'] == 'assistant' %}{{ ",
      literal(chat.assistant), " + message['content'].split(", literal(kThinkClose), ")[-1] + ", literal(chat.eos),
      " }}"
      "{% elif message['role'] not in ['system', 'developer'] %}"
      "{{ raise_exception('unknown role: ' + message['role']) }}{% endif %}"
      "{% endfor %}"
      "{% if add_generation_prompt %}{{ ",
      literal(chat.assistant), " }}{% endif %}");
}

}  // namespace r1
