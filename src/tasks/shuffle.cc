#include "tasks/shuffle.h"

#include <bit>

#include "base/result.h"
#include "base/rng.h"

namespace r1 {

// A Feistel network of four rounds permutes the next even power of two; walking along its cycle until the value is
// below n makes it a permutation of [0, n), in under four steps on average.
uint64_t shuffled(uint64_t i, uint64_t n, uint64_t seed, uint64_t stream) {
  CHECK(i < n);
  const int half = std::bit_width(n - 1) / 2 + 1;
  const uint64_t mask = (uint64_t(1) << half) - 1;
  do {
    uint64_t left = i >> half, right = i & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      const uint64_t mixed = left ^ (random_bits(seed, stream, round << 48 ^ right) & mask);
      left = right, right = mixed;
    }
    i = left << half | right;
  } while (i >= n);
  return i;
}

}  // namespace r1
