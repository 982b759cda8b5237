#include "text/think.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"

namespace r1 {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Length of the longest end of `text` that begins `marker` without being all of it.
size_t begun_marker(std::string_view text, std::string_view marker) {
  for (size_t n = std::min(text.size(), marker.size() - 1); n > 0; --n) {
    if (text.substr(text.size() - n) == marker.substr(0, n)) return n;
  }
  return 0;
}

void emit(std::vector<ThinkSplitter::Piece>& out, bool thinking, std::string_view text) {
  if (!text.empty()) out.push_back({thinking, std::string(text)});
}

}  // namespace

bool ThinkSplitter::take_start(bool last) {
  while (blank_ < waiting_.size() && is_blank(waiting_[blank_])) ++blank_;
  const std::string_view rest = std::string_view(waiting_).substr(blank_);
  if (rest.size() < kThinkOpen.size() && kThinkOpen.substr(0, rest.size()) == rest && !last) return false;
  if (rest.substr(0, kThinkOpen.size()) == kThinkOpen) {
    waiting_.erase(0, blank_ + kThinkOpen.size());
    state_ = State::thinking;
    return true;
  }
  state_ = opened_ ? State::thinking : State::answer;
  return true;
}

bool ThinkSplitter::take_thinking(std::vector<Piece>& out, bool last) {
  const size_t close = waiting_.find(kThinkClose);
  if (close != waiting_.npos) {
    emit(out, true, std::string_view(waiting_).substr(0, close));
    waiting_.erase(0, close + kThinkClose.size());
    closed_ = true;
    state_ = State::after_close;
    return true;
  }
  const size_t certain = waiting_.size() - (last ? 0 : begun_marker(waiting_, kThinkClose));
  emit(out, true, std::string_view(waiting_).substr(0, certain));
  waiting_.erase(0, certain);
  return false;
}

bool ThinkSplitter::take_line_breaks() {
  size_t n = 0;
  while (line_breaks_ < 2 && n < waiting_.size() && waiting_[n] == '\n') {
    ++n;
    ++line_breaks_;
  }
  waiting_.erase(0, n);
  if (line_breaks_ < 2 && waiting_.empty()) return false;
  state_ = State::answer;
  return true;
}

void ThinkSplitter::run(std::vector<Piece>& out, bool last) {
  if (state_ == State::start && !take_start(last)) return;
  if (state_ == State::thinking && !take_thinking(out, last)) return;
  if (state_ == State::after_close && !take_line_breaks()) return;
  emit(out, false, std::exchange(waiting_, {}));
}

std::vector<ThinkSplitter::Piece> ThinkSplitter::feed(std::string_view text) {
  std::vector<Piece> out;
  waiting_ += text;
  run(out, false);
  return out;
}

std::vector<ThinkSplitter::Piece> ThinkSplitter::finish() {
  std::vector<Piece> out;
  run(out, true);
  return out;
}

SplitText split_thinking(std::string_view text, bool opened) {
  ThinkSplitter splitter(opened);
  SplitText split;
  const auto take = [&](const std::vector<ThinkSplitter::Piece>& pieces) {
    for (const auto& [thinking, piece] : pieces) (thinking ? split.thinking : split.answer) += piece;
  };
  take(splitter.feed(text));
  take(splitter.finish());
  split.closed = splitter.closed();
  return split;
}

std::optional<std::string_view> extract_tag(std::string_view text, std::string_view tag) {
  const std::string open = cat("<", tag, ">"), close = cat("</", tag, ">");
  const size_t end = text.rfind(close);
  if (end == text.npos) return std::nullopt;
  const size_t begin = text.substr(0, end).rfind(open);
  if (begin == text.npos) return std::nullopt;
  return text.substr(begin + open.size(), end - begin - open.size());
}

}  // namespace r1
