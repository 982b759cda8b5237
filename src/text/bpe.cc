#include "text/bpe.h"

#include <algorithm>
#include <bit>

#include "base/rng.h"

namespace r1 {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
constexpr int kMerged = -1;  // the symbol has become part of the one before it

size_t hash_pair(int left, int right) { return size_t(mix64(uint64_t(uint32_t(left)) << 32 | uint32_t(right))); }

bool later(const BpeWorkspace::Candidate& a, const BpeWorkspace::Candidate& b) {
  return a.rank != b.rank ? a.rank > b.rank : a.at > b.at;
}

}  // namespace

BpeMerges::BpeMerges(std::span<const MergeRule> rules) : slots_(std::bit_ceil(std::max<size_t>(4, 2 * rules.size()))) {
  for (size_t rank = 0; rank < rules.size(); ++rank) {
    const MergeRule& rule = rules[rank];
    size_t at = hash_pair(rule.left, rule.right) & (slots_.size() - 1);
    while (slots_[at].left >= 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {rule.left, rule.right, uint32_t(rank), rule.result};
  }
}

const BpeMerges::Slot* BpeMerges::find(int left, int right) const {
  for (size_t at = hash_pair(left, right) & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.left == left && slot.right == right) return &slot;
    if (slot.left < 0) return nullptr;
  }
}

void BpeMerges::apply(std::vector<int>& symbols, BpeWorkspace& workspace) const {
  const uint32_t n = uint32_t(symbols.size());
  auto& heap = workspace.heap;
  auto& next = workspace.next;
  auto& previous = workspace.previous;
  heap.clear();
  next.resize(n);
  previous.resize(n);
  const auto candidate_at = [&](uint32_t at) {
    const uint32_t right = next[at];
    if (right == kNone) return false;
    const Slot* slot = find(symbols[at], symbols[right]);
    if (slot != nullptr) heap.push_back({slot->rank, at, symbols[at], symbols[right]});
    return slot != nullptr;
  };
  for (uint32_t i = 0; i < n; ++i) {
    previous[i] = i == 0 ? kNone : i - 1;
    next[i] = i + 1 < n ? i + 1 : kNone;
  }
  for (uint32_t i = 0; i < n; ++i) candidate_at(i);
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const BpeWorkspace::Candidate c = heap.back();
    heap.pop_back();
    const uint32_t right = next[c.at];
    // Stale when a neighbour has been merged away since; ids cannot come back, so equal ids mean the same pair.
    if (symbols[c.at] != c.left || right == kNone || symbols[right] != c.right) continue;
    symbols[c.at] = find(c.left, c.right)->result;
    symbols[right] = kMerged;
    next[c.at] = next[right];
    if (next[right] != kNone) previous[next[right]] = c.at;
    if (candidate_at(c.at)) std::push_heap(heap.begin(), heap.end(), later);
    if (previous[c.at] != kNone && candidate_at(previous[c.at])) std::push_heap(heap.begin(), heap.end(), later);
  }
  symbols.erase(std::remove(symbols.begin(), symbols.end(), kMerged), symbols.end());
}

}  // namespace r1
