// Between logical row-major matrices w[n][k] and packed panels (kernels.h). Pure data movement; single-threaded.
#pragma once
#include <cstddef>

namespace r1 {

// dst: packed_size(n, k) floats; the dead lanes of the last panel become 0. ld: floats between rows of the source.
void pack_rows(float* dst, const float* rows, size_t ld, size_t n, size_t k);
void unpack_rows(float* rows, size_t ld, const float* packed, size_t n, size_t k);
// dst packs the transpose of a packed w[n][k]: a matrix of k outputs and n inputs, panels [begin, end) of it.
void pack_transposed(float* dst, const float* packed, size_t n, size_t k, size_t panel_begin, size_t panel_end);

}  // namespace r1
