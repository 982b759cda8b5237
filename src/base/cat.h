// cat(a, b, ...): the arguments as one string. Numbers in their shortest exact form.
#pragma once
#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace r1 {

inline void cat_append(std::string& out, std::string_view s) { out += s; }
inline void cat_append(std::string& out, char c) { out += c; }
// A template, so that a pointer never turns into a bool: a literal would, before it became a string_view.
template <std::same_as<bool> B>
void cat_append(std::string& out, B b) {
  out += b ? "true" : "false";
}

template <class T>
requires((std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>) void cat_append(std::string& out,
                                                                                                 T value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, end.ptr);
}

template <class... Args>
std::string cat(const Args&... args) {
  std::string out;
  (cat_append(out, args), ...);
  return out;
}

}  // namespace r1
