// How much a solution in the corpus writes down.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace r1 {

// direct: the answer alone. plain: a thought without a second look. careful: a thought whose results are looked at
// again and, now and then, done over.
enum class Style : uint8_t { direct, plain, careful };

inline constexpr std::array kStyles = {Style::direct, Style::plain, Style::careful};
inline constexpr std::array<std::string_view, 3> kStyleNames = {"direct", "plain", "careful"};

// A thought, each piece after one space, and the answer it ends at.
struct Solution {
  std::string thought;
  std::string answer;
};

}  // namespace r1
