#include "answer_view.h"

#include "output.h"

namespace r1 {
namespace {

// A model's text must not steer the terminal: control characters other than tab and line break are shown as U+FFFD.
std::string harmless(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F)
      out += "\uFFFD";
    else
      out += c;
  }
  return out;
}

}  // namespace

AnswerView::AnswerView() : terminal_(stdout_is_terminal()) {}

void AnswerView::show(const ThinkSplitter::Piece& piece) {
  if (piece.thinking && !thinking_ && terminal_) print("\x1b[2m");
  if (!piece.thinking && thinking_) print(terminal_ ? "\x1b[0m\n" : "\n");
  thinking_ = piece.thinking;
  shown_any_ = true;
  print(terminal_ ? harmless(piece.text) : piece.text);
  (void)flush_output();  // the end of the command reports what could not be written
}

void AnswerView::finish() {
  if (thinking_ && terminal_) print("\x1b[0m");
  if (shown_any_) print("\n");
  (void)flush_output();
  thinking_ = shown_any_ = false;
}

}  // namespace r1
