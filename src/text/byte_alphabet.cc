#include "text/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "text/utf8.h"

namespace r1 {
namespace {

constexpr char32_t kShifted = 0x100;
constexpr size_t kShiftedCount = 68;

struct Alphabet {
  std::array<char32_t, 256> of_byte{};
  std::array<uint8_t, kShiftedCount> shifted{};  // the byte that kShifted + i stands for
};

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr Alphabet make_alphabet() {
  Alphabet a;
  size_t next = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (stands_for_itself(byte)) {
      a.of_byte[byte] = byte;
    } else {
      a.of_byte[byte] = kShifted + char32_t(next);
      a.shifted[next++] = uint8_t(byte);
    }
  }
  return a;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::string alphabet_from_bytes(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) append_utf8(out, kAlphabet.of_byte[uint8_t(byte)]);
  return out;
}

std::optional<std::string> bytes_from_alphabet(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    at += c.bytes;
    if (c.value >= kShifted && c.value < kShifted + kShiftedCount) {
      out += char(kAlphabet.shifted[c.value - kShifted]);
    } else if (c.value < 0x100 && stands_for_itself(unsigned(c.value))) {
      out += char(c.value);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace r1
