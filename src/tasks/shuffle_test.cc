#include "tasks/shuffle.h"

#include <gtest/gtest.h>

#include <vector>

namespace r1 {
namespace {

TEST(Shuffled, IsABijectionOfEverySize) {
  for (uint64_t n = 1; n <= 300; ++n) {
    std::vector<bool> hit(n);
    for (uint64_t i = 0; i < n; ++i) {
      const uint64_t at = shuffled(i, n, 7, 3);
      ASSERT_LT(at, n);
      ASSERT_FALSE(hit[at]) << n;
      hit[at] = true;
    }
  }
}

TEST(Shuffled, DiffersBySeedAndStream) {
  const uint64_t n = 1000;
  int same_seed = 0, same_stream = 0, fixed = 0;
  for (uint64_t i = 0; i < n; ++i) {
    same_seed += shuffled(i, n, 1, 1) == shuffled(i, n, 2, 1);
    same_stream += shuffled(i, n, 1, 1) == shuffled(i, n, 1, 2);
    fixed += shuffled(i, n, 1, 1) == i;
  }
  EXPECT_LT(same_seed, 15);
  EXPECT_LT(same_stream, 15);
  EXPECT_LT(fixed, 15);
}

}  // namespace
}  // namespace r1
