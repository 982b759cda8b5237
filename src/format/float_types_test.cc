#include "format/float_types.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"

namespace r1 {
namespace {

// The value of a pattern by the definition of the format, in double: (-1)^s 2^(e - bias) 1.m, or 2^(1 - bias) 0.m.
double value_of(uint32_t bits, int exponent_bits, int mantissa_bits, bool has_infinity) {
  const int bias = (1 << (exponent_bits - 1)) - 1, top = (1 << exponent_bits) - 1;
  const int exponent = int(bits >> mantissa_bits) & top, mantissa = int(bits & ((1u << mantissa_bits) - 1));
  const double sign = bits >> (exponent_bits + mantissa_bits) & 1 ? -1 : 1;
  if (exponent == top && has_infinity) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == top && mantissa == (1 << mantissa_bits) - 1) return NAN;
  if (exponent == 0) return sign * std::ldexp(double(mantissa), 1 - bias - mantissa_bits);
  return sign * std::ldexp(double((1 << mantissa_bits) + mantissa), exponent - bias - mantissa_bits);
}

void expect_same(float got, double want, uint32_t bits) {
  if (std::isnan(want)) {
    ASSERT_TRUE(std::isnan(got)) << bits;
  } else {
    ASSERT_EQ(double(got), want) << bits;
    ASSERT_EQ(std::signbit(got), std::signbit(want)) << bits;
  }
}

TEST(FloatTypes, EveryPatternWidensExactly) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    expect_same(f16_to_f32(uint16_t(bits)), value_of(bits, 5, 10, true), bits);
    expect_same(bf16_to_f32(uint16_t(bits)), value_of(bits, 8, 7, true), bits);
  }
  for (uint32_t bits = 0; bits < 256; ++bits)
    expect_same(e4m3_to_f32(uint8_t(bits)), value_of(bits, 4, 3, false), bits);
}

TEST(FloatTypes, E4m3Landmarks) {
  EXPECT_EQ(e4m3_to_f32(0x7E), 448.0f);
  EXPECT_EQ(e4m3_to_f32(0x01), 0.001953125f);
  EXPECT_EQ(e4m3_to_f32(0x38), 1.0f);
  EXPECT_TRUE(std::isnan(e4m3_to_f32(0x7F)) && std::isnan(e4m3_to_f32(0xFF)));
}

TEST(FloatTypes, EveryPatternSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float h = f16_to_f32(uint16_t(bits)), b = bf16_to_f32(uint16_t(bits));
    if (std::isnan(h))
      ASSERT_TRUE(std::isnan(f16_to_f32(f32_to_f16(h)))) << bits;
    else
      ASSERT_EQ(f32_to_f16(h), bits);
    if (std::isnan(b))
      ASSERT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(b)))) << bits;
    else
      ASSERT_EQ(f32_to_bf16(b), bits);
  }
}

// Rounds |x| by search in the sorted table of all magnitudes; the pattern past the largest finite one is infinity and
// stands, for rounding, where the next number would be.
class Judge {
 public:
  Judge(int exponent_bits, int mantissa_bits) {
    const uint32_t infinity = ((1u << exponent_bits) - 1) << mantissa_bits;
    for (uint32_t bits = 0; bits < infinity; ++bits)
      values_.push_back(value_of(bits, exponent_bits, mantissa_bits, true));
    values_.push_back(2 * values_.back() - values_[values_.size() - 2]);
  }
  uint32_t round(double magnitude) const {
    const auto above = std::lower_bound(values_.begin(), values_.end(), magnitude);
    if (above == values_.end()) return uint32_t(values_.size() - 1);
    const uint32_t high = uint32_t(above - values_.begin());
    if (high == 0 || *above == magnitude) return high;
    const double up = *above - magnitude, down = magnitude - above[-1];
    return up < down || (up == down && high % 2 == 0) ? high : high - 1;
  }
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
};

template <class Narrow>
void check_rounding(const Judge& judge, uint32_t sign_bit, Narrow narrow) {
  const auto check = [&](float x) {
    ASSERT_EQ(narrow(x), judge.round(x)) << x;
    ASSERT_EQ(narrow(-x), judge.round(x) | sign_bit) << -x;
  };
  // Around the middle between neighbours, where rounding turns.
  for (size_t i = 0; i + 1 < judge.values().size(); ++i) {
    const float middle = float((judge.values()[i] + judge.values()[i + 1]) / 2);
    for (const float x : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, INFINITY)}) check(x);
  }
  Rng rng{2024, 1};
  for (int i = 0; i < 200000; ++i) {
    const float x = std::bit_cast<float>(uint32_t(rng.bits()) & 0x7FFFFFFFu);
    if (!std::isnan(x)) check(x);
  }
  check(std::numeric_limits<float>::max());
  check(std::numeric_limits<float>::denorm_min());
  check(INFINITY);
}

TEST(FloatTypes, F16RoundsToNearestEven) { check_rounding(Judge(5, 10), 0x8000, f32_to_f16); }
TEST(FloatTypes, Bf16RoundsToNearestEven) { check_rounding(Judge(8, 7), 0x8000, f32_to_bf16); }

TEST(FloatTypes, RoundingLandmarks) {
  EXPECT_EQ(f32_to_f16(65519.0f), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7C00);
  EXPECT_EQ(f32_to_f16(0x1p-25f), 0);
  EXPECT_EQ(f32_to_f16(0x1.8p-25f), 1);
  EXPECT_EQ(f32_to_bf16(1.0f + 0x1p-8f), 0x3F80);
  EXPECT_EQ(f32_to_bf16(1.0f + 0x3p-8f), 0x3F82);
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7F80);
}

TEST(FloatTypes, NanStaysNanWhateverItsPayload) {
  for (const uint32_t bits : {0x7F800001u, 0x7FC00000u, 0x7FFFFFFFu, 0xFF800001u, 0xFFFFFFFFu}) {
    EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(std::bit_cast<float>(bits)))));
    EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(bits)))));
  }
}

}  // namespace
}  // namespace r1
