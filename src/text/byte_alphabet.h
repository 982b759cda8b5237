// The byte-level alphabet of GPT-2: a printable character for each of the 256 bytes, so that a vocabulary of byte
// strings can be written in JSON or GGUF. Bytes 0x21-0x7E, 0xA1-0xAC and 0xAE-0xFF stand for themselves (as Latin-1
// code points); the other 68 are, in order, U+0100 to U+0143. So a space is "Ġ" (U+0120).
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace r1 {

std::string alphabet_from_bytes(std::string_view bytes);
// Nothing if a character of `text` is not in the alphabet (or is not UTF-8).
std::optional<std::string> bytes_from_alphabet(std::string_view text);

}  // namespace r1
