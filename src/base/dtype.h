// The table of element types: one row a type, read by file formats, kernels and reports alike.
//
// A type stores `block` elements in `bytes` bytes. Names are those of safetensors.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace r1 {

// f8_e4m3: sign, 4 exponent bits, 3 mantissa bits, no infinities ("E4M3FN" of the OCP 8-bit floating point spec).
enum class DType : uint8_t { f32, f16, bf16, f8_e4m3, i32, i64, u8, count };

struct DTypeInfo {
  DType id;
  std::string_view name;
  uint32_t block, bytes;
};

inline constexpr std::array kDTypes = {
    DTypeInfo{DType::f32, "F32", 1, 4},   DTypeInfo{DType::f16, "F16", 1, 2},
    DTypeInfo{DType::bf16, "BF16", 1, 2}, DTypeInfo{DType::f8_e4m3, "F8_E4M3", 1, 1},
    DTypeInfo{DType::i32, "I32", 1, 4},   DTypeInfo{DType::i64, "I64", 1, 8},
    DTypeInfo{DType::u8, "U8", 1, 1},
};
static_assert(kDTypes.size() == size_t(DType::count));
static_assert([] {
  for (size_t i = 0; i < kDTypes.size(); ++i)
    if (kDTypes[i].id != DType(i)) return false;
  return true;
}());

constexpr const DTypeInfo& dtype_info(DType type) { return kDTypes[size_t(type)]; }

constexpr std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DTypeInfo& info : kDTypes)
    if (info.name == name) return info.id;
  return std::nullopt;
}

}  // namespace r1
