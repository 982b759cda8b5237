// Causal attention of a ragged batch over rows of keys and values (kernels.h's online softmax).
//
// A KV row holds `groups` keys and values: group i's key of k_dim floats at i*k_stride, its value of v_dim at
// v_offset + i*v_stride. GQA: one group a KV head. MLA absorbed: one group, the value being the head of the key. All
// dims padded to whole lanes with zeros.
#pragma once
#include <span>

#include "tensor/graph.h"

namespace r1 {

struct AttentionLayout {
  size_t heads = 0, groups = 0;  // heads/groups query heads share a group's key
  size_t k_dim = 0, v_dim = 0;
  size_t row = 0;  // floats in a KV row
  size_t k_stride = 0, v_offset = 0, v_stride = 0;
  float scale = 1;
};

// Rows [row_begin, row_begin+rows) of q are the tokens at positions past.. of one sequence; kv shows past + rows tokens
// (pages, page_tokens and row_stride filled in; the offsets are set by the op).
struct AttentionSpan {
  size_t row_begin = 0, rows = 0, past = 0;
  KvRows kv;
};

// q [M, heads*k_dim] -> [M, heads*v_dim]. When recording: every span has past 0, and its kv is kv_new's own rows
// [row_begin, row_begin+rows), into whose gradient the vjp adds.
Tensor attention(Graph& g, const Tensor& q, const Tensor& kv_new, const AttentionLayout& layout,
                 std::span<const AttentionSpan> spans);

}  // namespace r1
