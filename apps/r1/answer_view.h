// Shows an answer as it comes: on a terminal the thought is dimmed; elsewhere plain text.
#pragma once
#include "chat/session.h"

namespace r1 {

class AnswerView {
 public:
  AnswerView();
  void show(const ThinkSplitter::Piece& piece);
  void finish();  // ends the line

 private:
  bool terminal_;
  bool thinking_ = false, shown_any_ = false;
};

}  // namespace r1
