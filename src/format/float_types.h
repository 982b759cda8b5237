// Conversions between f32 and the narrow float formats, on bit patterns.
//
// To f32 every conversion is exact. From f32 they round to nearest, ties to even; a value too large becomes infinity,
// a NaN stays a (quiet) NaN, subnormals are kept. Nothing depends on the processor's rounding mode.
#pragma once
#include <bit>
#include <cstdint>

namespace r1 {

constexpr float bf16_to_f32(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

constexpr uint16_t f32_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return uint16_t(bits >> 16 | 0x40u);
  return uint16_t((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 mantissa bits.
constexpr float f16_to_f32(uint16_t bits) {
  const uint32_t sign = uint32_t(bits & 0x8000u) << 16;
  const uint32_t exponent = bits >> 10 & 0x1Fu, mantissa = bits & 0x3FFu;
  if (exponent == 0) {
    const float magnitude = float(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | mantissa << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

constexpr uint16_t f32_to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = uint16_t(bits >> 16 & 0x8000u);
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return uint16_t(sign | 0x7E00u | (magnitude >> 13 & 0x3FFu));
  if (magnitude >= 0x47800000u) return uint16_t(sign | 0x7C00u);  // 2^16 and beyond
  if (magnitude < 0x33000000u) return sign;                       // below half of the least subnormal, 2^-25
  // Normal results keep 10 mantissa bits below the leading one; subnormal ones lose a bit per step below 2^-14.
  const uint32_t exponent = magnitude >> 23;
  const uint32_t shift = exponent >= 113 ? 13 : 126 - exponent;
  const uint32_t significand = (magnitude & 0x7FFFFFu) | 0x800000u;
  const uint32_t kept = significand >> shift, rest = significand & ((1u << shift) - 1), half = 1u << (shift - 1);
  const uint32_t rounded = kept + (rest > half || (rest == half && (kept & 1u)) ? 1 : 0);
  // The leading one of a normal number, and a carry out of the mantissa, both add one to the exponent field.
  const uint32_t base = exponent >= 113 ? (exponent - 113) << 10 : 0;
  return uint16_t(sign | (base + rounded));
}

// OCP E4M3: 1 sign, 4 exponent (bias 7), 3 mantissa bits; no infinity; all other bits set is NaN; largest 448.
constexpr float e4m3_to_f32(uint8_t bits) {
  const uint32_t sign = uint32_t(bits & 0x80u) << 24;
  const uint32_t exponent = bits >> 3 & 0xFu, mantissa = bits & 7u;
  if (exponent == 15 && mantissa == 7) return std::bit_cast<float>(sign | 0x7FC00000u);
  if (exponent == 0) {
    const float magnitude = float(mantissa) * 0x1p-9f;
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | (exponent + 120) << 23 | mantissa << 20);
}

}  // namespace r1
