#include "format/json_write.h"

#include <algorithm>
#include <cmath>

#include "base/cat.h"
#include "format/utf8.h"

namespace r1 {
namespace {

void append_control(std::string& out, unsigned char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += cat("\\u00", digits[c >> 4], digits[c & 15]);
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    const size_t length = utf8_sequence(text, i);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      append_control(out, static_cast<unsigned char>(c));
    } else {
      out += text.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  out += '"';
}

std::string json_quote(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string json_quote_start(std::string_view text) {
  constexpr size_t kShown = 60;
  if (text.size() <= kShown) return json_quote(text);
  size_t cut = kShown;  // not inside a character
  while (cut > kShown - 4 && (text[cut] & 0xC0) == 0x80) --cut;
  return cat(json_quote(text.substr(0, cut)), "...");
}

std::string show_name(std::string_view name) {
  const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7F && c != '"'; };
  if (!name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), plain)) return std::string(name);
  return json_quote_start(name);
}

void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  const std::string text = cat(value);
  out += text;
  if (text.find_first_of(".e") == std::string::npos) out += ".0";
}

}  // namespace r1
