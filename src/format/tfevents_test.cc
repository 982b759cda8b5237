#include "format/tfevents.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstring>

namespace r1 {
namespace {

// RFC 3720, appendix B.4, and the usual check value.
TEST(Crc32c, KnownAnswers) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += char(i);
  EXPECT_EQ(crc32c(rising), 0x46DD794Eu);
  EXPECT_EQ(crc32c(""), 0u);
}

uint32_t u32_at(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= uint32_t(uint8_t(bytes[at + i])) << (8 * i);
  return value;
}

// The message inside a record whose framing is right.
std::string unframed(const std::string& record) {
  EXPECT_GE(record.size(), 16u);
  EXPECT_EQ(u32_at(record, 0), record.size() - 16);
  EXPECT_EQ(u32_at(record, 4), 0u);
  EXPECT_EQ(u32_at(record, 8), masked_crc32c(record.substr(0, 8)));
  const std::string message = record.substr(12, record.size() - 16);
  EXPECT_EQ(u32_at(record, record.size() - 4), masked_crc32c(message));
  return message;
}

TEST(TfEvents, MaskUndoesAsTensorFlowDoesIt) {
  const uint32_t masked = masked_crc32c("123456789") - 0xA282EAD8u;
  EXPECT_EQ(masked >> 17 | masked << 15, 0xE3069283u);
}

// Every event file TensorFlow writes begins with these twelve bytes: 24, and its masked CRC.
TEST(TfEvents, FileVersionRecord) {
  const std::string record = encode_file_version(0);
  EXPECT_EQ(record.substr(0, 12), std::string("\x18\0\0\0\0\0\0\0\xA3\x7FK\"", 12));
  EXPECT_EQ(unframed(record), std::string("\x09\0\0\0\0\0\0\0\0\x1A\x0D", 11) + "brain.Event:2");
}

TEST(TfEvents, ScalarRecordByteForByte) {
  // wall_time 1.5 | step 300 | summary { value { tag "loss" simple_value 0.5 } }
  const std::string want = std::string("\x09\0\0\0\0\0\0\xF8\x3F", 9) + std::string("\x10\xAC\x02", 3) +
                           std::string("\x2A\x0D\x0A\x0B\x0A\x04loss\x15\0\0\0\x3F", 15);
  EXPECT_EQ(unframed(encode_scalar_event(300, 1.5, "loss", 0.5f)), want);
}

TEST(TfEvents, LongTagsAndOddSteps) {
  const std::string tag(300, 't');
  const std::string message = unframed(encode_scalar_event(-1, 0, tag, 0));
  EXPECT_NE(message.find(std::string("\x10") + std::string(9, '\xFF') + "\x01\x2A"), std::string::npos);
  EXPECT_NE(message.find("\x0A\xAC\x02" + tag), std::string::npos);
  EXPECT_EQ(message.size(), 9 + 11 + 3 + 3 + 3 + 300 + 5u);
}

}  // namespace
}  // namespace r1
