#include "chat/session.h"

#include <cmath>

#include "base/interrupt.h"
#include "bundle/bundle.h"

namespace r1 {
namespace {

// Turns tokens into pieces and collects what was given out.
class Stream {
 public:
  Stream(const Tokenizer& tokenizer, Answer& answer, const OnPiece& on_piece)
      : decoder_(tokenizer, true), answer_(answer), on_piece_(on_piece) {}

  void push(int token) {
    const auto text = decoder_.push(token);
    give(splitter_.feed(text.ok() ? *text : std::string("\uFFFD")));  // an id of a padded vocabulary
  }
  void finish() {
    give(splitter_.feed(decoder_.finish()));
    give(splitter_.finish());
  }

 private:
  void give(const std::vector<ThinkSplitter::Piece>& pieces) {
    for (const ThinkSplitter::Piece& piece : pieces) {
      (piece.thinking ? answer_.thinking : answer_.answer) += piece.text;
      if (on_piece_) on_piece_(piece);
    }
  }

  StreamDecoder decoder_;
  ThinkSplitter splitter_;
  Answer& answer_;
  const OnPiece& on_piece_;
};

}  // namespace

std::string_view answer_end_name(AnswerEnd end) {
  switch (end) {
    case AnswerEnd::stop:
      return "stop";
    case AnswerEnd::length:
      return "length";
    case AnswerEnd::interrupted:
      return "interrupted";
  }
  return "";
}

Session::Session(Exec exec, Model& model, const Tokenizer& tokenizer, const ChatTemplate& chat)
    : engine_(exec, model, {.max_running = 1}),
      context_(model.config.max_position_embeddings),
      tokenizer_(tokenizer),
      chat_(chat),
      stop_tokens_(stop_tokens(model.config, tokenizer, chat)) {}

Result<Answer> Session::ask(const std::string& question, const AnswerOptions& options, const OnPiece& on_piece) {
  if (!(options.temperature >= 0) || !std::isfinite(options.temperature))
    return Error::usage("temperature", cat("is ", options.temperature, "; expected 0 or more"));
  std::vector<ChatMessage> messages = messages_;
  messages.push_back({"user", question, ""});
  Request request;
  TRY_ASSIGN(request.prompt, encode_chat(tokenizer_, chat_, messages, true));
  if (request.prompt.size() >= context_)
    return Error::invalid("conversation", cat("takes ", request.prompt.size(), " tokens; the model's context of ",
                                              context_, " leaves no room for an answer"));
  request.sampling.temperature = options.temperature;
  request.sampling.seed = options.seed;
  request.stream = messages.size();  // each turn draws its own numbers
  request.max_new_tokens = options.max_new_tokens > 0 ? options.max_new_tokens : context_;
  request.stop_tokens = stop_tokens_;

  Answer answer;
  answer.prompt_tokens = request.prompt.size();
  Stream stream(tokenizer_, answer, on_piece);
  const uint64_t id = engine_.submit(request);
  while (!engine_.idle() && !interrupted())
    for (const Engine::Emitted& e : engine_.step()) stream.push(e.token);
  const bool ended = engine_.idle();
  const Completion done = engine_.take(id);
  stream.finish();
  answer.tokens = done.tokens.size();
  answer.end = done.stopped ? AnswerEnd::stop : ended ? AnswerEnd::length : AnswerEnd::interrupted;
  messages.push_back({"assistant", answer.answer, ""});
  messages_ = std::move(messages);
  return answer;
}

}  // namespace r1
