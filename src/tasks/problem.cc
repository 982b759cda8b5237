#include "tasks/problem.h"

#include "base/rng.h"

namespace r1 {

Split split_of(std::string_view canonical) {
  constexpr uint64_t kSplitSeed = 0x73706c6974;  // "split"; changing it moves items between train and held-out
  return hash64(canonical, kSplitSeed) % 10 == 0 ? Split::heldout : Split::train;
}

}  // namespace r1
