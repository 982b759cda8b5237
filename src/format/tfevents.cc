#include "format/tfevents.h"

#include <array>
#include <bit>

namespace r1 {
namespace {

// Remainders of each byte under the reversed polynomial 0x1EDC6F41.
constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    table[i] = crc;
  }
  return table;
}();

template <class Unsigned>
void append_fixed(std::string& out, Unsigned value) {
  for (size_t i = 0; i < sizeof value; ++i) out += char(value >> (8 * i));
}

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += char(value | 0x80);
  out += char(value);
}

enum Wire : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void append_key(std::string& out, uint32_t field, Wire wire) { append_varint(out, field << 3 | wire); }

void append_bytes(std::string& out, uint32_t field, std::string_view bytes) {
  append_key(out, field, kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

std::string event(double wall_time) {
  std::string out;
  append_key(out, 1, kFixed64);
  append_fixed(out, std::bit_cast<uint64_t>(wall_time));
  return out;
}

std::string frame(const std::string& message) {
  std::string out;
  append_fixed(out, uint64_t(message.size()));
  append_fixed(out, masked_crc32c(out));
  out += message;
  append_fixed(out, masked_crc32c(message));
  return out;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ uint8_t(c)) & 0xFF];
  return ~crc;
}

uint32_t masked_crc32c(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8u; }

std::string encode_file_version(double wall_time) {
  std::string message = event(wall_time);
  append_bytes(message, 3, "brain.Event:2");
  return frame(message);
}

std::string encode_scalar_event(int64_t step, double wall_time, std::string_view tag, float value) {
  std::string scalar;
  append_bytes(scalar, 1, tag);
  append_key(scalar, 2, kFixed32);
  append_fixed(scalar, std::bit_cast<uint32_t>(value));
  std::string summary;
  append_bytes(summary, 1, scalar);
  std::string message = event(wall_time);
  append_key(message, 2, kVarint);
  append_varint(message, uint64_t(step));
  append_bytes(message, 5, summary);
  return frame(message);
}

}  // namespace r1
