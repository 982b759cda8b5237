// UTF-8 as it comes from a model: possibly invalid, possibly cut inside a character. (format/utf8.h tells whether it is
// valid.)
//
// An ill-formed stretch is counted in maximal subparts, as Unicode 15 (section 3.9, table 3-8) and Python do: the
// longest start of a well-formed sequence, or else one byte, is one U+FFFD.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace r1 {

struct CodePoint {
  char32_t value = 0xFFFD;
  size_t bytes = 1;  // how far to go on; at least 1
  bool valid = false;
};
// REQUIRES: at < text.size().
CodePoint decode_utf8(std::string_view text, size_t at);

// REQUIRES: value is a Unicode scalar value.
void append_utf8(std::string& out, char32_t value);

// Length of the longest prefix that does not end inside a character. At most three bytes are held back, and only bytes
// that later ones could still make a character of: an invalid tail is complete.
size_t complete_prefix(std::string_view bytes);

// The same text with U+FFFD for each maximal ill-formed subpart.
std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace r1
