// The kernel tables this processor can run, and the one choice among them, made once at start.
// Thread safety: all functions may be called from any thread.
#pragma once
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace r1 {

const Kernels& plain_kernels();
// Supported SIMD tables, best first.
std::vector<const Kernels*> simd_kernels();
// Supported tables, best first; the plain one last.
std::vector<const Kernels*> all_kernels();

// The first entry that differs from the plain table in any bit on a fixed set of inputs (a kernel's name), or "" if
// none.
std::string self_check(const Kernels& kernels);
// The best table that passes its self-check; a failing one is skipped (and reported through `skipped` if given).
const Kernels& choose_kernels(std::string* skipped = nullptr);

}  // namespace r1
