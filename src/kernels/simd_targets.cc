// The kernels once per SIMD target that has fused multiply-add.
#ifndef HWY_DISABLED_TARGETS  // the ones without fused multiply-add, and the ones that would add nothing yet
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#endif
#include "hwy/targets.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd_targets.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "kernels/table-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1::HWY_NAMESPACE {
const Kernels& table() {
  static const Kernels kernels = make_table(hwy::TargetName(HWY_TARGET));
  return kernels;
}
}  // namespace r1::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1 {

std::vector<const Kernels*> simd_kernels() {
  std::vector<const Kernels*> found;
  [[maybe_unused]] const int64_t supported = hwy::SupportedTargets();
#if HWY_TARGETS & HWY_AVX3
  if (supported & HWY_AVX3) found.push_back(&N_AVX3::table());
#endif
#if HWY_TARGETS & HWY_AVX2
  if (supported & HWY_AVX2) found.push_back(&N_AVX2::table());
#endif
#if HWY_TARGETS & HWY_NEON
  if (supported & HWY_NEON) found.push_back(&N_NEON::table());
#endif
  return found;
}

}  // namespace r1
#endif
