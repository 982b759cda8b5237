#include "format/toml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

namespace r1 {
namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

bool is_digit(char c) { return digit_value(c) < 10; }

// Takes the underscores out; nothing if one does not stand between two digits of the base.
std::optional<std::string> without_underscores(std::string_view token, int base) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '_')
      out += token[i];
    else if (i == 0 || i + 1 == token.size() || digit_value(token[i - 1]) >= base || digit_value(token[i + 1]) >= base)
      return std::nullopt;
  }
  return out;
}

bool parse_integer(std::string_view digits, int base, TomlValue& out) {
  int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, code] = std::from_chars(digits.data(), end, value, base);
  if (code != std::errc() || stop != end || digits.empty()) return false;
  out.data = value;
  return true;
}

// digits [. digits] [e [sign] digits], without a leading zero.
bool is_decimal(std::string_view text) {
  const auto digits = [&] {
    size_t n = 0;
    while (n < text.size() && is_digit(text[n])) ++n;
    text.remove_prefix(n);
    return n > 0;
  };
  if (text.size() > 1 && text[0] == '0' && is_digit(text[1])) return false;
  if (!digits()) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!digits()) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!digits()) return false;
  }
  return text.empty();
}

void append_utf8(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += char(c);
  } else if (c < 0x800) {
    out += char(0xC0 | c >> 6);
    out += char(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += char(0xE0 | c >> 12);
    out += char(0x80 | (c >> 6 & 0x3F));
    out += char(0x80 | (c & 0x3F));
  } else {
    out += char(0xF0 | c >> 18);
    out += char(0x80 | (c >> 12 & 0x3F));
    out += char(0x80 | (c >> 6 & 0x3F));
    out += char(0x80 | (c & 0x3F));
  }
}

Error fault(std::string message) { return Error::corrupt("", std::move(message)); }

Status append_escape(std::string_view text, size_t& at, std::string& out) {
  constexpr std::string_view names = "btnfr\"\\", values = "\b\t\n\f\r\"\\";
  const char kind = at + 1 < text.size() ? text[at + 1] : '\0';
  if (const size_t simple = names.find(kind); simple != names.npos) {
    out += values[simple];
    at += 2;
    return {};
  }
  const size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  if (digits == 0) return fault("has an unknown escape after the backslash");
  uint32_t c = 0;
  for (size_t i = 0; i < digits; ++i) {
    const int digit = at + 2 + i < text.size() ? digit_value(text[at + 2 + i]) : 99;
    if (digit >= 16) return fault(cat("needs ", digits, " hexadecimal digits after \\", kind));
    c = c << 4 | uint32_t(digit);
  }
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return fault("escapes something that is not a Unicode character");
  append_utf8(out, c);
  at += 2 + digits;
  return {};
}

// A backslash before a line's end takes out that end and all white space up to the next character.
bool skip_folded_line(std::string_view text, size_t& at) {
  const size_t next = text.find_first_not_of(" \t\r", at + 1);
  if (next == text.npos || text[next] != '\n') return false;
  at = std::min(text.find_first_not_of(" \t\r\n", next), text.size());
  return true;
}

}  // namespace

bool parse_toml_plain(std::string_view token, TomlValue& out) {
  if (token == "true" || token == "false") {
    out.data = token == "true";
    return true;
  }
  if (token.starts_with("0x") || token.starts_with("0o") || token.starts_with("0b")) {
    const int base = token[1] == 'x' ? 16 : token[1] == 'o' ? 8 : 2;
    const auto digits = without_underscores(token.substr(2), base);
    return digits && !digits->starts_with('-') && parse_integer(*digits, base, out);
  }
  const bool negative = token.starts_with('-');
  if (negative || token.starts_with('+')) token.remove_prefix(1);
  if (token == "inf" || token == "nan") {
    out.data = token == "nan" ? std::numeric_limits<double>::quiet_NaN()
                              : (negative ? -1 : 1) * std::numeric_limits<double>::infinity();
    return true;
  }
  auto digits = without_underscores(token, 10);
  if (!digits || !is_decimal(*digits)) return false;
  if (negative) digits->insert(0, "-");
  if (digits->find_first_of(".eE") == std::string::npos) return parse_integer(*digits, 10, out);
  double value = 0;
  if (std::from_chars(digits->data(), digits->data() + digits->size(), value).ec != std::errc()) return false;
  out.data = value;
  return true;
}

Result<std::string> parse_toml_string(std::string_view text, size_t& at) {
  const char quote = text[at];
  const std::string closing(3, quote);
  const bool multi_line = text.substr(at, 3) == closing;
  at += multi_line ? 3 : 1;
  if (multi_line && text.substr(at, 2) == "\r\n") ++at;
  if (multi_line && text.substr(at, 1) == "\n") ++at;
  std::string out;
  while (at < text.size()) {
    const char c = text[at];
    if (c == quote && !multi_line) {
      ++at;
      return out;
    }
    if (multi_line && text.substr(at, 3) == closing) {
      at += 3;
      // Of four or five quotes, the first one or two belong to the text.
      for (int extra = 0; extra < 2 && at < text.size() && text[at] == quote; ++extra, ++at) out += quote;
      return out;
    }
    if (c == '\n' && !multi_line) return fault("is a string that does not end on its line");
    if (c == '\\' && quote == '"') {
      if (multi_line && skip_folded_line(text, at)) continue;
      TRY(append_escape(text, at, out));
      continue;
    }
    if (c != '\r') out += c;  // only ever before a line feed
    ++at;
  }
  return fault("is a string that never ends");
}

}  // namespace r1
