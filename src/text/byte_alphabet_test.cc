#include "text/byte_alphabet.h"

#include <gtest/gtest.h>

#include <set>

#include "format/utf8.h"

namespace r1 {
namespace {

TEST(ByteAlphabet, EveryByteHasItsOwnCharacterAndComesBack) {
  std::set<std::string> seen;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string bytes(1, char(byte));
    const std::string letter = alphabet_from_bytes(bytes);
    EXPECT_TRUE(is_utf8(letter));
    EXPECT_TRUE(seen.insert(letter).second) << byte;
    EXPECT_EQ(bytes_from_alphabet(letter), bytes) << byte;
  }
}

// As GPT-2's files have them.
TEST(ByteAlphabet, KnownLetters) {
  EXPECT_EQ(alphabet_from_bytes(" the"), "Ġthe");
  EXPECT_EQ(alphabet_from_bytes("\n"), "Ċ");
  EXPECT_EQ(alphabet_from_bytes("\t"), "ĉ");
  EXPECT_EQ(alphabet_from_bytes("\x7F"), "ġ");
  EXPECT_EQ(alphabet_from_bytes("\xAD"), "Ń");
  EXPECT_EQ(alphabet_from_bytes("é"), "Ã©");
  EXPECT_EQ(alphabet_from_bytes("你"), "ä½ł");
}

TEST(ByteAlphabet, OtherCharactersAreRefused) {
  for (const std::string_view text : {" ", "a b", "｜", "\n", "\xFF", "\xC2\xAD", "\xC5\x84", "😀"})
    EXPECT_FALSE(bytes_from_alphabet(text).has_value()) << text;
  EXPECT_EQ(bytes_from_alphabet(""), "");
}

}  // namespace
}  // namespace r1
