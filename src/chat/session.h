// A conversation with a model: text in, pieces of thought and answer out as they are drawn.
//
// What is drawn depends on (weights, conversation, options) only. Pieces are valid UTF-8 and hold no part of a <think>
// marker. Ctrl-C (base/interrupt.h) ends the answer, not the conversation: the caller clears it and goes on. Thread
// safety: one driving thread.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "text/template.h"
#include "text/think.h"
#include "text/tokenizer.h"

namespace r1 {

struct AnswerOptions {
  float temperature = 0.6f;  // R1's authors advise 0.5 to 0.7
  uint64_t seed = 0;
  size_t max_new_tokens = 0;  // 0: to the end of the context
};

enum class AnswerEnd : uint8_t { stop, length, interrupted };
std::string_view answer_end_name(AnswerEnd end);

struct Answer {
  std::string thinking, answer;
  size_t prompt_tokens = 0, tokens = 0;  // the stop token included
  AnswerEnd end = AnswerEnd::stop;
};

using OnPiece = std::function<void(const ThinkSplitter::Piece&)>;

class Session {
 public:
  // The tokenizer's ids must fit the model's vocabulary (open_bundle sees to that). All but exec outlive the session.
  Session(Exec exec, Model& model, const Tokenizer& tokenizer, const ChatTemplate& chat);

  // Asks within the conversation so far. Error, and no change: an empty or too long conversation, options out of range.
  Result<Answer> ask(const std::string& question, const AnswerOptions& options, const OnPiece& on_piece);
  // Starts the conversation afresh.
  void clear() { messages_.clear(); }

 private:
  Engine engine_;
  size_t context_;
  const Tokenizer& tokenizer_;
  const ChatTemplate& chat_;
  std::vector<int> stop_tokens_;
  std::vector<ChatMessage> messages_;
};

}  // namespace r1
