// Inputs and comparisons for the kernels' tests. For *_test.cc files only.
#pragma once
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "kernels/targets.h"

namespace r1::testing {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

inline constexpr double kUnit = 0x1p-24;  // half an ulp of 1: the relative error of one rounding
inline constexpr size_t kOddSizes[] = {1, 2, 15, 16, 17, 31, 33, 48, 61, 100, 257};

struct Draw {
  Rng rng{11, 22, 0};

  size_t size(size_t low, size_t high) { return size_t(rng.integer(int64_t(low), int64_t(high))); }
  float value(float scale = 1) { return float(rng.uniform() * 2 - 1) * scale; }
  Floats operator()(size_t n, float scale = 1) {
    Floats v(n);
    for (float& x : v) x = value(scale);
    return v;
  }
  // Signs, zeros, denormals and huge numbers among ordinary ones.
  Floats harsh(size_t n) {
    static constexpr float kExtremes[] = {0.0f, 1e-45f, 3e-40f, 1.2e-38f, 1e-20f, 1e20f, 3e37f, 3.4e38f};
    Floats v(n);
    for (float& x : v) x = rng.chance(0.3) ? kExtremes[size(0, 7)] * (rng.chance(0.5) ? -1.0f : 1.0f) : value(4);
    return v;
  }
};

inline Doubles to_double(const Floats& v) { return {v.begin(), v.end()}; }

// w[n][k] row-major into panels (kernels.h); dead lanes 0.
inline Floats packed(const Floats& w, size_t n, size_t k) {
  Floats out(packed_size(n, k), 0.0f);
  for (size_t j = 0; j < n; ++j)
    for (size_t i = 0; i < k; ++i) out[(j / kLanes * k + i) * kLanes + j % kLanes] = w[j * k + i];
  return out;
}

inline bool near(double got, double want, double tolerance) { return std::abs(got - want) <= tolerance; }

// Equal bits; any NaN equals any NaN, since IEEE 754 leaves its payload open.
inline bool same(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

inline ::testing::AssertionResult same(const Floats& a, const Floats& b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << "sizes " << a.size() << " and " << b.size();
  for (size_t i = 0; i < a.size(); ++i)
    if (!same(a[i], b[i])) return ::testing::AssertionFailure() << "at " << i << ": " << a[i] << " and " << b[i];
  return ::testing::AssertionSuccess();
}

inline Floats joined(Floats a, const Floats& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace r1::testing
