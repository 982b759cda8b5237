// Takes a model's text apart into the thought, between <think> and </think>, and the answer after it.
//
// A thought is there if the text begins with <think> (white space before it is dropped), or if the prompt has opened it
// (`opened`; a <think> at the start is then dropped as well). Its first </think> ends it; up to two line breaks right
// after that are dropped, nothing else is changed. Further markers are text.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace r1 {

inline constexpr std::string_view kThinkOpen = "<think>";
inline constexpr std::string_view kThinkClose = "</think>";

struct SplitText {
  std::string thinking, answer;
  bool closed = false;  // </think> was there
  bool operator==(const SplitText&) const = default;
};
SplitText split_thinking(std::string_view text, bool opened = false);

// The same, as the text comes. A piece that may be part of a marker waits until that is known, so what is given out
// never contains part of one. Owned by one thread.
class ThinkSplitter {
 public:
  struct Piece {
    bool thinking = false;
    std::string text;  // not empty
    bool operator==(const Piece&) const = default;
  };

  explicit ThinkSplitter(bool opened = false) : opened_(opened) {}
  std::vector<Piece> feed(std::string_view text);
  std::vector<Piece> finish();  // what still waits, at the end
  bool thinking() const { return state_ == State::thinking; }
  bool closed() const { return closed_; }

 private:
  enum class State { start, thinking, after_close, answer };
  // Each takes what it can from waiting_; false if it needs more text.
  bool take_start(bool last);
  bool take_thinking(std::vector<Piece>& out, bool last);
  bool take_line_breaks();
  void run(std::vector<Piece>& out, bool last);

  bool opened_;
  bool closed_ = false;
  State state_ = State::start;
  std::string waiting_;
  size_t blank_ = 0;     // leading white space of waiting_, in State::start
  int line_breaks_ = 0;  // dropped so far, in State::after_close
};

// The text between the last </tag> and the last <tag> before it; nothing if there is no such pair. Points into `text`.
std::optional<std::string_view> extract_tag(std::string_view text, std::string_view tag);

}  // namespace r1
