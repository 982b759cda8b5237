// Unicode normalisation form C, which some tokenizers (Qwen2) apply before they split.
#pragma once
#include <string>
#include <string_view>

namespace r1 {

// Time is O(n log n) whatever the input. Ill-formed stretches are kept as they are. Unicode version: the library's.
std::string nfc(std::string_view text);

}  // namespace r1
