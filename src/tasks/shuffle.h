// A random order of [0, n) that is computed entry by entry, without storing it.
#pragma once
#include <cstdint>

namespace r1 {

// Where index `i` goes in the order that (seed, stream) names: a bijection of [0, n). REQUIRES: i < n.
uint64_t shuffled(uint64_t i, uint64_t n, uint64_t seed, uint64_t stream);

}  // namespace r1
