#include "kernels/targets.h"

#include "base/cat.h"

namespace r1 {

std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> tables = simd_kernels();
  tables.push_back(&plain_kernels());
  return tables;
}

const Kernels& choose_kernels(std::string* skipped) {
  for (const Kernels* kernels : simd_kernels()) {
    const std::string failed = self_check(*kernels);
    if (failed.empty()) return *kernels;
    if (skipped != nullptr) *skipped += cat(kernels->name, " (", failed, ") ");
  }
  return plain_kernels();
}

}  // namespace r1
