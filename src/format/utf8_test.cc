#include "format/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace r1 {
namespace {

std::string encode(uint32_t c) {
  if (c < 0x80) return {char(c)};
  if (c < 0x800) return {char(0xC0 | c >> 6), char(0x80 | (c & 63))};
  if (c < 0x10000) return {char(0xE0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
  return {char(0xF0 | c >> 18), char(0x80 | (c >> 12 & 63)), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
}

TEST(Utf8, TakesEveryScalarValueAndNothingElse) {
  for (uint32_t c = 0; c < 0x1FFFFF; ++c) {
    const std::string bytes = encode(c);
    const bool scalar = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
    ASSERT_EQ(utf8_sequence(bytes, 0), scalar ? bytes.size() : 0) << c;
    for (size_t cut = 1; cut < bytes.size(); ++cut)
      ASSERT_EQ(utf8_sequence(std::string_view(bytes).substr(0, cut), 0), 0u);
  }
}

TEST(Utf8, RefusesOverlongForms) {
  for (const char* bytes :
       {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF"})
    EXPECT_FALSE(is_utf8(bytes));
}

TEST(Utf8, RefusesStrays) {
  for (const char* bytes : {"\x80", "a\xBF", "\xFE", "\xFF", "\xC3\x28",
                            "\xE4\xBD"
                            "a"})
    EXPECT_FALSE(is_utf8(bytes));
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("caf\xC3\xA9 \xF0\x9F\x98\x80"));
}

}  // namespace
}  // namespace r1
