#include "text/marker_finder.h"

namespace r1 {

MarkerFinder::MarkerFinder(std::span<const Marker> markers) : ids_(1, -1) {
  for (const Marker& marker : markers) {
    first_bytes_.set(uint8_t(marker.content[0]));
    uint32_t node = 0;
    for (const char c : marker.content) {
      const auto [it, added] = children_.try_emplace(uint64_t(node) << 8 | uint8_t(c), uint32_t(ids_.size()));
      if (added) ids_.push_back(-1);
      node = it->second;
    }
    ids_[node] = marker.id;
  }
}

size_t MarkerFinder::match(std::string_view text, size_t at, int& id) const {
  size_t longest = 0;
  uint32_t node = 0;
  for (size_t i = at; i < text.size(); ++i) {
    const auto child = children_.find(uint64_t(node) << 8 | uint8_t(text[i]));
    if (child == children_.end()) break;
    node = child->second;
    if (ids_[node] < 0) continue;
    longest = i + 1 - at;
    id = ids_[node];
  }
  return longest;
}

void MarkerFinder::cut(std::string_view text, const std::function<void(std::string_view)>& on_text,
                       const std::function<void(int)>& on_marker) const {
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    int id = -1;
    const size_t length = first_bytes_[uint8_t(text[at])] ? match(text, at, id) : 0;
    if (length == 0) {
      ++at;
      continue;
    }
    if (at > done) on_text(text.substr(done, at - done));
    on_marker(id);
    done = at += length;
  }
  if (done < text.size()) on_text(text.substr(done));
}

}  // namespace r1
