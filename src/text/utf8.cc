#include "text/utf8.h"

#include <algorithm>
#include <cstdint>

#include "base/result.h"
#include "format/utf8.h"

namespace r1 {
namespace {

// Bytes that a sequence beginning with `first` has; 0 if none can begin so.
size_t announced_length(uint8_t first) {
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// How many bytes from `at` on could begin a well-formed sequence of `length` bytes; at most `length`.
size_t well_formed_start(std::string_view text, size_t at, size_t length) {
  const uint8_t first = uint8_t(text[at]);
  size_t n = 1;
  for (; n < length && at + n < text.size(); ++n) {
    const uint8_t byte = uint8_t(text[at + n]);
    uint8_t low = 0x80, high = 0xBF;
    if (n == 1) {
      if (first == 0xE0) low = 0xA0;  // no overlong forms
      if (first == 0xF0) low = 0x90;
      if (first == 0xED) high = 0x9F;  // no surrogates
      if (first == 0xF4) high = 0x8F;  // at most U+10FFFF
    }
    if (byte < low || byte > high) break;
  }
  return n;
}

}  // namespace

CodePoint decode_utf8(std::string_view text, size_t at) {
  CHECK(at < text.size());
  const uint8_t first = uint8_t(text[at]);
  const size_t length = announced_length(first);
  if (length == 0) return {};
  if (length == 1) return {first, 1, true};
  const size_t found = well_formed_start(text, at, length);
  if (found < length) return {0xFFFD, found, false};
  char32_t value = first & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) value = value << 6 | (uint8_t(text[at + i]) & 0x3Fu);
  return {value, length, true};
}

void append_utf8(std::string& out, char32_t value) {
  if (value < 0x80) {
    out += char(value);
  } else if (value < 0x800) {
    out += char(0xC0 | value >> 6);
    out += char(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    out += char(0xE0 | value >> 12);
    out += char(0x80 | (value >> 6 & 0x3F));
    out += char(0x80 | (value & 0x3F));
  } else {
    out += char(0xF0 | value >> 18);
    out += char(0x80 | (value >> 12 & 0x3F));
    out += char(0x80 | (value >> 6 & 0x3F));
    out += char(0x80 | (value & 0x3F));
  }
}

size_t complete_prefix(std::string_view bytes) {
  for (size_t back = 1; back <= std::min<size_t>(3, bytes.size()); ++back) {
    const size_t at = bytes.size() - back;
    if ((uint8_t(bytes[at]) & 0xC0) == 0x80) continue;
    const size_t length = announced_length(uint8_t(bytes[at]));
    return length > back && well_formed_start(bytes, at, length) == back ? at : bytes.size();
  }
  return bytes.size();
}

std::string replace_invalid_utf8(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size() + 16);
  for (size_t at = 0; at < bytes.size();) {
    const CodePoint c = decode_utf8(bytes, at);
    if (c.valid) {
      out += bytes.substr(at, c.bytes);
    } else {
      out += "\xEF\xBF\xBD";
    }
    at += c.bytes;
  }
  return out;
}

}  // namespace r1
