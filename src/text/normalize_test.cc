#include "text/normalize.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(Nfc, ComposesAndReorders) {
  EXPECT_EQ(nfc("plain"), "plain");
  EXPECT_EQ(nfc("e\u0301"), "\u00E9");
  EXPECT_EQ(nfc("\u212B"), "\u00C5");                // Angstrom sign, a singleton
  EXPECT_EQ(nfc("\u1112\u1161\u11AB"), "\uD55C");    // Hangul
  EXPECT_EQ(nfc("q\u0307\u0323"), "q\u0323\u0307");  // marks in canonical order
  EXPECT_EQ(nfc("\u1E0B\u0323"), "\u1E0D\u0307");    // UAX 15, table 4
  EXPECT_EQ(nfc("\uFB01\u00BD"), "\uFB01\u00BD");    // compatibility characters stay
  EXPECT_EQ(nfc("\u0958"), "\u0915\u093C");          // composition exclusion
}

TEST(Nfc, IllFormedBytesStayAndSeparate) {
  EXPECT_EQ(nfc("e\xFF\u0301"), "e\xFF\u0301");
  EXPECT_EQ(nfc("\u00E9\xE4\xBD"), "\u00E9\xE4\xBD");
}

// Quadratic reordering would take minutes here, past the test's limit.
TEST(Nfc, LongRunsOfMarks) {
  std::string text = "a";
  for (int i = 0; i < 200000; ++i) text += "\u0307\u0323";
  const std::string normal = nfc(text);
  EXPECT_EQ(normal.substr(0, 5), "\u1EA1\u0323");
  EXPECT_EQ(normal.size(), text.size());
}

}  // namespace
}  // namespace r1
