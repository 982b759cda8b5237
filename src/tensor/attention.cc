#include "tensor/attention.h"

#include <algorithm>
#include <vector>

#include "base/result.h"

namespace r1 {
namespace {

struct RowAt {
  const AttentionSpan* span;
  size_t row, position;
};

std::vector<RowAt> rows_of(std::span<const AttentionSpan> spans) {
  std::vector<RowAt> rows;
  for (const AttentionSpan& s : spans)
    for (size_t i = 0; i < s.rows; ++i) rows.push_back({&s, s.row_begin + i, s.past + i});
  // The costly ones first: rows are handed out one by one, so the pool ends together.
  std::stable_sort(rows.begin(), rows.end(), [](const RowAt& a, const RowAt& b) { return a.position > b.position; });
  return rows;
}

KvRows group_view(KvRows kv, const AttentionLayout& l, size_t group) {
  kv.k_offset = group * l.k_stride;
  kv.v_offset = l.v_offset + group * l.v_stride;
  return kv;
}

AttentionShape shape_of(const AttentionLayout& l, size_t heads, size_t keys) {
  return {heads, keys, l.k_dim, l.v_dim, l.k_dim, l.v_dim, l.scale};
}

void forward(const Exec& exec, const Tensor& q, const AttentionLayout& l, std::span<const AttentionSpan> spans,
             float* out, RowStats* stats) {
  const std::vector<RowAt> rows = rows_of(spans);
  const size_t per_group = l.heads / l.groups;
  // A group's heads are cut further only when there are too few rows to go round.
  const size_t wanted = 4 * exec.pool.threads();
  const size_t cuts = std::clamp<size_t>(wanted / std::max<size_t>(1, rows.size() * l.groups), 1, per_group);
  exec.pool.for_each(rows.size() * l.groups * cuts, [&](size_t item) {
    const RowAt& at = rows[item / (l.groups * cuts)];
    const size_t group = item / cuts % l.groups, cut = item % cuts;
    const size_t begin = per_group * cut / cuts, end = per_group * (cut + 1) / cuts, head = group * per_group + begin;
    float scores[32 * kKeyBlock];
    exec.kernels.attention(shape_of(l, end - begin, at.position + 1), q.row(at.row) + head * l.k_dim,
                           group_view(at.span->kv, l, group), out + (at.row * l.heads + head) * l.v_dim,
                           stats == nullptr ? nullptr : stats + at.row * l.heads + head, scores);
  });
}

// One item a (sequence, group): it owns the group's part of the KV rows' gradients, queries ascending.
void backward(const Exec& exec, const Tensor& q, const Tensor& kv_new, const AttentionLayout& l,
              std::span<const AttentionSpan> spans, const Tensor& out, const std::vector<RowStats>& stats) {
  float *dq = q.grad(), *dkv = kv_new.grad();
  const float* d_out = out.grad();
  const size_t per_group = l.heads / l.groups;
  exec.pool.for_each(spans.size() * l.groups, [&](size_t item) {
    const AttentionSpan& s = spans[item / l.groups];
    const size_t group = item % l.groups, head = group * per_group;
    const float* page = kv_new.row(s.row_begin);
    const KvRows kv = group_view({&page, s.rows, l.row, 0, 0}, l, group);
    std::vector<float> scratch(s.rows);
    for (size_t i = 0; i < s.rows; ++i) {
      const size_t row = s.row_begin + i;
      const size_t q_at = (row * l.heads + head) * l.k_dim, out_at = (row * l.heads + head) * l.v_dim;
      exec.kernels.attention_vjp(shape_of(l, per_group, i + 1), q.data() + q_at, kv, out.data() + out_at,
                                 &stats[row * l.heads + head], d_out + out_at, dq + q_at, dkv + s.row_begin * l.row,
                                 scratch.data());
    }
  });
}

}  // namespace

Tensor attention(Graph& g, const Tensor& q, const Tensor& kv_new, const AttentionLayout& layout,
                 std::span<const AttentionSpan> spans) {
  CHECK(q.cols() == layout.heads * layout.k_dim && kv_new.cols() == layout.row && layout.heads % layout.groups == 0);
  CHECK(layout.k_dim % kLanes == 0 && layout.v_dim % kLanes == 0);
  Tensor out = g.make(q.rows(), layout.heads * layout.v_dim);
  std::vector<RowStats> stats(g.recording() ? q.rows() * layout.heads : 0);
  forward(g.exec, q, layout, spans, out.data(), g.recording() ? stats.data() : nullptr);
  if (g.recording()) {
    for (const AttentionSpan& s : spans) CHECK(s.past == 0);
    g.record([exec = g.exec, q, kv_new, layout, out, spans = std::vector<AttentionSpan>(spans.begin(), spans.end()),
              stats = std::move(stats)] { backward(exec, q, kv_new, layout, spans, out, stats); });
  }
  return out;
}

}  // namespace r1
