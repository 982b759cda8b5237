// Levenshtein distance: the fewest insertions, deletions and replacements of a byte that turn one text into the other.
// For "did you mean" hints; time and memory are a.size() * b.size() and b.size(). Pure.
#pragma once
#include <cstddef>
#include <string_view>

namespace r1 {

size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace r1
