#include "text/utf8.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/cat.h"
#include "base/rng.h"
#include "format/utf8.h"

namespace r1 {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

TEST(Utf8, EveryScalarValueReadsBackAsWritten) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, c);
    const CodePoint read = decode_utf8(text, 0);
    ASSERT_TRUE(read.valid) << uint32_t(c);
    ASSERT_EQ(read.value, c);
    ASSERT_EQ(read.bytes, text.size());
  }
}

TEST(Utf8, IllFormedBytesAreReplacedByMaximalSubparts) {
  struct Case {
    std::string_view bytes;
    int replacements;
  };
  for (const auto& [bytes, n] : {Case{"\x80", 1}, Case{"\xC0\xAF", 2}, Case{"\xE0\x9F\x80", 3}, Case{"\xED\xA0\x80", 3},
                                 Case{"\xF4\x90\x80\x80", 4}, Case{"\xF5", 1}, Case{"\xFF", 1}, Case{"\xE4\xBD", 1},
                                 Case{"\xF0\x9F\x98", 1}, Case{"\xF1\x80\x80\xE1\x80\xC2", 3}}) {
    std::string want;
    for (int i = 0; i < n; ++i) want += kReplacement;
    EXPECT_EQ(replace_invalid_utf8(bytes), want);
    EXPECT_EQ(replace_invalid_utf8(cat("a", bytes, "b")), cat("a", want, "b"));
  }
}

TEST(Utf8, ValidTextIsKept) {
  const std::string text = "a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80";
  EXPECT_EQ(replace_invalid_utf8(text), text);
  EXPECT_EQ(replace_invalid_utf8(""), "");
}

TEST(Utf8, CompletePrefixEndsBetweenCharacters) {
  const std::string text = "a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x98\x80z";
  const std::vector<size_t> want = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
  for (size_t n = 0; n <= text.size(); ++n)
    EXPECT_EQ(complete_prefix(std::string_view(text).substr(0, n)), want[n]) << n;
}

TEST(Utf8, CompletePrefixDoesNotWaitForWhatCannotCome) {
  for (const std::string_view bytes :
       {"\x80", "a\x80\x80\x80\x80", "\xC0", "\xF5\x80", "\xED\xA0", "\xE0\x80", "\xF4\x90", "\xFF"})
    EXPECT_EQ(complete_prefix(bytes), bytes.size());
  EXPECT_EQ(complete_prefix("\x80\xE4"), 1u);
  EXPECT_EQ(complete_prefix("\xE4\xE4"), 1u);
}

TEST(Utf8, PiecewiseReplacementEqualsTheWhole) {
  Rng rng{1, 2};
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    const std::string_view likely = "a\xC2\xE4\xBD\xA0\xF0\x9F\x98\x80\xED\xFF";
    for (int i = 0; i < 12; ++i) bytes += likely[size_t(rng.integer(0, int64_t(likely.size()) - 1))];
    std::string pieces, waiting;
    for (const char c : bytes) {
      waiting += c;
      const size_t n = complete_prefix(waiting);
      pieces += replace_invalid_utf8(waiting.substr(0, n));
      waiting.erase(0, n);
    }
    pieces += replace_invalid_utf8(waiting);
    ASSERT_EQ(pieces, replace_invalid_utf8(bytes));
    ASSERT_TRUE(is_utf8(pieces));
  }
}

}  // namespace
}  // namespace r1
