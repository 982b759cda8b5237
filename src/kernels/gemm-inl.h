// The packed matrix product and its weight gradient: tiles of rows x panels whose accumulators stay in registers.
// Each output is one chain of fma over its summed index, ascending, whatever the tile.
#if defined(R1_KERNELS_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef R1_KERNELS_GEMM_INL_H_
#undef R1_KERNELS_GEMM_INL_H_
#else
#define R1_KERNELS_GEMM_INL_H_
#endif

#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1::HWY_NAMESPACE {

// One tile: kRows rows of x times kPanels panels of w. The last panel may have fewer than 16 live lanes.
template <size_t kRows, size_t kPanels>
HWY_INLINE void gemm_tile(const float* HWY_RESTRICT x, size_t ldx, const float* HWY_RESTRICT w, size_t k,
                          size_t last_lanes, float* HWY_RESTRICT y, size_t ldy, bool accumulate) {
  V16 acc[kRows][kPanels];
  for (size_t r = 0; r < kRows; ++r)
    for (size_t p = 0; p < kPanels; ++p) {
      const size_t lanes = p + 1 == kPanels ? last_lanes : kLanes;
      const float* from = y + r * ldy + p * kLanes;
      acc[r][p] = !accumulate ? set(0.0f) : lanes == kLanes ? load(from) : load_first(from, lanes);
    }
  for (size_t i = 0; i < k; ++i) {
    V16 b[kPanels];
    for (size_t p = 0; p < kPanels; ++p) b[p] = load(w + (p * k + i) * kLanes);
    for (size_t r = 0; r < kRows; ++r) {
      const V16 a = set(x[r * ldx + i]);
      for (size_t p = 0; p < kPanels; ++p) acc[r][p] = fma(a, b[p], acc[r][p]);
    }
  }
  for (size_t r = 0; r < kRows; ++r)
    for (size_t p = 0; p < kPanels; ++p) {
      float* to = y + r * ldy + p * kLanes;
      if (p + 1 < kPanels || last_lanes == kLanes)
        store(acc[r][p], to);
      else
        store_first(acc[r][p], to, last_lanes);
    }
}

#if HWY_TARGET == HWY_AVX3
inline constexpr size_t kTileRows = 8, kTilePanels = 2;  // 16 accumulators of 32 registers
#else
inline constexpr size_t kTileRows = 6, kTilePanels = 1;  // 12 half-panels of 16 registers on AVX2
#endif
inline constexpr size_t kRowPanels = 4;  // panels at a time for a single row: enough chains to hide the fma's latency

template <size_t kPanels, size_t kRows>
HWY_INLINE void gemm_rows(const float* x, size_t ldx, size_t rows, const float* w, size_t k, size_t last_lanes,
                          float* y, size_t ldy, bool accumulate) {
  size_t r = 0;
  for (; r + kRows <= rows; r += kRows)
    gemm_tile<kRows, kPanels>(x + r * ldx, ldx, w, k, last_lanes, y + r * ldy, ldy, accumulate);
  if constexpr (kRows > 1)
    gemm_rows<kPanels, kRows / 2>(x + r * ldx, ldx, rows - r, w, k, last_lanes, y + r * ldy, ldy, accumulate);
}

inline void gemm(const float* x, size_t ldx, size_t rows, const float* w, size_t k, size_t n, size_t panel_begin,
                 size_t panel_end, float* y, size_t ldy, bool accumulate) {
  size_t p = panel_begin;
  const auto at = [&](size_t panel) { return w + panel * k * kLanes; };
  const auto lanes_of_last = [&](size_t panel) { return n - panel * kLanes < kLanes ? n - panel * kLanes : kLanes; };
  if (rows == 1)
    for (; p + kRowPanels <= panel_end; p += kRowPanels)
      gemm_tile<1, kRowPanels>(x, ldx, at(p), k, lanes_of_last(p + kRowPanels - 1), y + p * kLanes, ldy, accumulate);
  for (; p + kTilePanels <= panel_end; p += kTilePanels)
    gemm_rows<kTilePanels, kTileRows>(x, ldx, rows, at(p), k, lanes_of_last(p + kTilePanels - 1), y + p * kLanes, ldy,
                                      accumulate);
  if constexpr (kTilePanels > 1)
    for (; p < panel_end; ++p)
      gemm_rows<1, kTileRows>(x, ldx, rows, at(p), k, lanes_of_last(p), y + p * kLanes, ldy, accumulate);
}

template <size_t kInputs>
HWY_INLINE void weight_grad_tile(const float* HWY_RESTRICT x, size_t ldx, const float* HWY_RESTRICT dy, size_t ldy,
                                 size_t rows, size_t lanes, float* HWY_RESTRICT dw) {
  V16 acc[kInputs];
  for (size_t i = 0; i < kInputs; ++i) acc[i] = load(dw + i * kLanes);
  for (size_t m = 0; m < rows; ++m) {
    const V16 g = lanes == kLanes ? load(dy + m * ldy) : load_first(dy + m * ldy, lanes);
    for (size_t i = 0; i < kInputs; ++i) acc[i] = fma(set(x[m * ldx + i]), g, acc[i]);
  }
  for (size_t i = 0; i < kInputs; ++i) store(acc[i], dw + i * kLanes);
}

inline void gemm_weight_grad(const float* x, size_t ldx, const float* dy, size_t ldy, size_t rows, size_t k, size_t n,
                             size_t panel_begin, size_t panel_end, size_t k_begin, size_t k_end, float* dw) {
  constexpr size_t kTile = HWY_TARGET == HWY_AVX3 ? 16 : 6;
  for (size_t p = panel_begin; p < panel_end; ++p) {
    const size_t lanes = n - p * kLanes < kLanes ? n - p * kLanes : kLanes;
    float* panel = dw + p * k * kLanes;
    size_t i = k_begin;
    for (; i + kTile <= k_end; i += kTile)
      weight_grad_tile<kTile>(x + i, ldx, dy + p * kLanes, ldy, rows, lanes, panel + i * kLanes);
    for (; i < k_end; ++i) weight_grad_tile<1>(x + i, ldx, dy + p * kLanes, ldy, rows, lanes, panel + i * kLanes);
  }
}

}  // namespace r1::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
