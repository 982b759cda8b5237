// Finds added tokens (markers such as "<think>") in text: leftmost first, and of those that begin at one place the
// longest. Thread safety: immutable once built.
#pragma once
#include <bitset>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace r1 {

class MarkerFinder {
 public:
  struct Marker {
    std::string content;
    int id = 0;
  };
  // REQUIRES: no content is empty.
  explicit MarkerFinder(std::span<const Marker> markers);

  // Calls on_text for each stretch without markers (none is empty) and on_marker for each marker, in order.
  // Time: text length times the longest marker, at worst.
  void cut(std::string_view text, const std::function<void(std::string_view)>& on_text,
           const std::function<void(int id)>& on_marker) const;

 private:
  // The length of the longest marker at `at`, with its id; 0 if none.
  size_t match(std::string_view text, size_t at, int& id) const;

  std::bitset<256> first_bytes_;
  std::unordered_map<uint64_t, uint32_t> children_;  // node << 8 | byte -> node; the root is 0
  std::vector<int> ids_;                             // of each node; -1 where no marker ends
};

}  // namespace r1
