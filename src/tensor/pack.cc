#include "tensor/pack.h"

#include <algorithm>

#include "kernels/kernels.h"

namespace r1 {

void pack_rows(float* dst, const float* rows, size_t ld, size_t n, size_t k) {
  for (size_t p = 0; p < panels_of(n); ++p) {
    float* panel = dst + p * k * kLanes;
    const size_t live = std::min(kLanes, n - p * kLanes);
    for (size_t i = 0; i < k; ++i)
      for (size_t lane = 0; lane < kLanes; ++lane)
        panel[i * kLanes + lane] = lane < live ? rows[(p * kLanes + lane) * ld + i] : 0.0f;
  }
}

void unpack_rows(float* rows, size_t ld, const float* packed, size_t n, size_t k) {
  for (size_t row = 0; row < n; ++row) {
    const float* panel = packed + row / kLanes * k * kLanes + row % kLanes;
    for (size_t i = 0; i < k; ++i) rows[row * ld + i] = panel[i * kLanes];
  }
}

void pack_transposed(float* dst, const float* packed, size_t n, size_t k, size_t panel_begin, size_t panel_end) {
  for (size_t p = panel_begin; p < panel_end; ++p) {
    float* panel = dst + p * n * kLanes;
    const size_t live = std::min(kLanes, k - p * kLanes);
    for (size_t row = 0; row < n; ++row) {
      const float* from = packed + (row / kLanes * k + p * kLanes) * kLanes + row % kLanes;
      for (size_t lane = 0; lane < kLanes; ++lane)
        panel[row * kLanes + lane] = lane < live ? from[lane * kLanes] : 0.0f;
    }
  }
}

}  // namespace r1
