#include "base/rng.h"

#include <cmath>

#include "base/result.h"

namespace r1 {

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t(0xD2511F53u) * counter[0], p1 = uint64_t(0xCD9E8D57u) * counter[2];
    counter = {uint32_t(p1 >> 32) ^ counter[1] ^ key[0], uint32_t(p1), uint32_t(p0 >> 32) ^ counter[3] ^ key[1],
               uint32_t(p0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

uint64_t random_bits(uint64_t seed, uint64_t stream, uint64_t counter) {
  const auto words = philox4x32({uint32_t(counter), uint32_t(counter >> 32), uint32_t(stream), uint32_t(stream >> 32)},
                                {uint32_t(seed), uint32_t(seed >> 32)});
  return uint64_t(words[0]) << 32 | words[1];
}

double uniform(uint64_t seed, uint64_t stream, uint64_t counter) {
  return double(random_bits(seed, stream, counter) >> 11) * 0x1p-53;
}

uint64_t mix64(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

uint64_t hash64(std::string_view bytes, uint64_t seed) {
  uint64_t h = 0xCBF29CE484222325u ^ mix64(seed);
  for (unsigned char c : bytes) h = (h ^ c) * 0x100000001B3u;
  return mix64(h);
}

int64_t Rng::integer(int64_t low, int64_t high) {
  CHECK(low <= high);
  const uint64_t span = uint64_t(high) - uint64_t(low) + 1;
  if (span == 0) return int64_t(bits());
  const uint64_t limit = UINT64_MAX - UINT64_MAX % span;
  for (;;) {
    const uint64_t draw = bits();
    if (draw < limit) return int64_t(uint64_t(low) + draw % span);
  }
}

// The sum of twelve uniforms would have no tails; Marsaglia's polar method needs log and sqrt only. sqrt is exact by
// IEEE 754; log is the one libm call here, so its result is rounded to float, where every libm agrees.
double Rng::normal() {
  for (;;) {
    const double a = 2 * uniform() - 1, b = 2 * uniform() - 1;
    const double s = a * a + b * b;
    if (s >= 1 || s == 0) continue;
    return a * std::sqrt(-2 * double(float(std::log(s))) / s);
  }
}

}  // namespace r1
