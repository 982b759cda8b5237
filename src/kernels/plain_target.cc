// The kernels on the plain path: std::fma and loops. It runs everywhere and is what the SIMD targets must equal.
#define R1_KERNELS_PLAIN
#define HWY_COMPILE_ONLY_SCALAR
#include "kernels/table-inl.h"
#include "kernels/targets.h"

namespace r1 {

const Kernels& plain_kernels() {
  static const Kernels kernels = HWY_NAMESPACE::make_table("plain");
  return kernels;
}

}  // namespace r1
