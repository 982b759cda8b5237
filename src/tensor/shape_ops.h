// Ops that only move or add numbers. Rows are tokens; a row may hold `heads` equal parts.
#pragma once
#include <span>

#include "tensor/graph.h"
#include "tensor/param.h"

namespace r1 {

// Rows `ids` of the table [n, k], packed or in rows. REQUIRES: every id < table.n (the engine checks its input).
Tensor embed(Graph& g, Param& table, std::span<const int> ids);
Tensor add(Graph& g, const Tensor& a, const Tensor& b);
// Rows `picks` of x, in that order.
Tensor pick_rows(Graph& g, const Tensor& x, std::span<const size_t> picks);
// Columns [begin, begin+n) of each head: [M, heads*d] -> [M, heads*n].
Tensor split_heads(Graph& g, const Tensor& x, size_t heads, size_t begin, size_t n);
// Per head: a's part, b's part, zeros up to `padded` columns. b holds one part a head, or one that all heads share.
enum class Shared { no, yes };
Tensor join_heads(Graph& g, const Tensor& a, const Tensor& b, Shared b_shared, size_t heads, size_t padded);
// Each head widened with zeros to `padded` columns; x itself if it has that width already.
Tensor pad_heads(Graph& g, const Tensor& x, size_t heads, size_t padded);
// [a, b] side by side.
Tensor join_columns(Graph& g, const Tensor& a, const Tensor& b);

}  // namespace r1
