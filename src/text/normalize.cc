#include "text/normalize.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "text/utf8.h"

namespace r1 {
namespace {

using Points = std::vector<utf8proc_int32_t>;

int combining_class(utf8proc_int32_t point) { return utf8proc_get_property(point)->combining_class; }

// Puts each run of marks in canonical order. utf8proc's own reordering is quadratic in the length of such a run.
void reorder_marks(Points& points) {
  for (size_t i = 0; i < points.size();) {
    if (combining_class(points[i]) == 0) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < points.size() && combining_class(points[end]) != 0) ++end;
    std::stable_sort(points.begin() + ptrdiff_t(i), points.begin() + ptrdiff_t(end),
                     [](auto a, auto b) { return combining_class(a) < combining_class(b); });
    i = end;
  }
}

void append_nfc(std::string& out, Points& points) {
  reorder_marks(points);
  const auto n = utf8proc_normalize_utf32(points.data(), utf8proc_ssize_t(points.size()),
                                          utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  for (utf8proc_ssize_t i = 0; i < n; ++i) append_utf8(out, char32_t(points[size_t(i)]));
  points.clear();
}

}  // namespace

std::string nfc(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return std::string(text);
  std::string out;
  out.reserve(text.size());
  Points points;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    if (c.valid) {
      utf8proc_int32_t parts[32];  // the longest canonical decomposition has 4
      int last_boundclass = 0;
      const auto n = utf8proc_decompose_char(utf8proc_int32_t(c.value), parts, 32,
                                             utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE), &last_boundclass);
      points.insert(points.end(), parts, parts + std::clamp<utf8proc_ssize_t>(n, 0, 32));
    } else {
      append_nfc(out, points);
      out += text.substr(at, c.bytes);
    }
    at += c.bytes;
  }
  append_nfc(out, points);
  return out;
}

}  // namespace r1
