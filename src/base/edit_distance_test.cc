#include "base/edit_distance.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(EditDistance, CountsSingleByteChanges) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("optimzer", "optimizer"), 1u);
}

}  // namespace
}  // namespace r1
