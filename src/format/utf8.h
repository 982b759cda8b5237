// The least of UTF-8: is this sequence well formed? (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.)
#pragma once
#include <cstddef>
#include <string_view>

namespace r1 {

// Length in bytes (1 to 4) of the well-formed sequence at `at`, or 0 if there is none. REQUIRES: at < text.size().
size_t utf8_sequence(std::string_view text, size_t at);
bool is_utf8(std::string_view text);

}  // namespace r1
