// Counter-based random numbers: a draw is a pure function of (seed, stream, counter), so it is the same on any
// number of threads and after any resume.
//
// The generator is Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
// Thread safety: all functions are pure; Rng is a cursor owned by one thread.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace r1 {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// 64 random bits.
uint64_t random_bits(uint64_t seed, uint64_t stream, uint64_t counter);
// Uniform in [0, 1), a multiple of 2^-53.
double uniform(uint64_t seed, uint64_t stream, uint64_t counter);
// 64-bit FNV-1a followed by a finalising mix; stable across platforms. Names streams and splits datasets.
uint64_t hash64(std::string_view bytes, uint64_t seed = 0);
uint64_t mix64(uint64_t x);

// A cursor over one stream.
struct Rng {
  uint64_t seed = 0, stream = 0, counter = 0;

  uint64_t bits() { return random_bits(seed, stream, counter++); }
  double uniform() { return r1::uniform(seed, stream, counter++); }
  // Uniform in [low, high], both included; low <= high. Unbiased (rejection).
  int64_t integer(int64_t low, int64_t high);
  bool chance(double probability) { return uniform() < probability; }
  // Standard normal (Marsaglia polar method); the same value on every machine up to the libm log rounded to float.
  double normal();
  template <class Container>
  void shuffle(Container& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[size_t(integer(0, int64_t(i) - 1))]);
  }
};

}  // namespace r1
