// Byte-pair merging: the pair of neighbours with the lowest rank is merged, the leftmost first, until no pair has a
// rank. Thread safety: BpeMerges is immutable once built; a BpeWorkspace belongs to one thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace r1 {

struct MergeRule {
  int left = 0, right = 0;  // token ids
  int result = 0;
};

// Buffers kept between calls.
struct BpeWorkspace {
  struct Candidate {
    uint32_t rank, at;
    int left, right;
  };
  std::vector<Candidate> heap;
  std::vector<uint32_t> next, previous;
};

class BpeMerges {
 public:
  // A rule's rank is its index. REQUIRES: ids are not negative, no pair occurs twice, fewer than 2^31 rules.
  explicit BpeMerges(std::span<const MergeRule> rules);

  // Merges within `symbols`. O(n log n) for n symbols, whatever they are. REQUIRES: n < 2^32 - 1.
  void apply(std::vector<int>& symbols, BpeWorkspace& workspace) const;

 private:
  struct Slot {
    int left = -1, right = -1;
    uint32_t rank = 0;
    int result = 0;
  };
  const Slot* find(int left, int right) const;

  std::vector<Slot> slots_;  // open addressing; the size is a power of two, at most half full
};

}  // namespace r1
