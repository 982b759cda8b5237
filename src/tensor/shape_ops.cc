#include "tensor/shape_ops.h"

#include <algorithm>
#include <vector>

#include "base/result.h"

namespace r1 {
namespace {

struct RowOfTable {
  size_t offset, step;  // element i of the row is at offset + i*step
};

RowOfTable row_of(const Param& table, size_t id) {
  if (table.layout == ParamLayout::rows) return {id * table.k, 1};
  return {id / kLanes * table.k * kLanes + id % kLanes, kLanes};
}

void add_to(const Exec& exec, float* into, const float* from, size_t n) { exec.kernels.add(into, into, from, n); }

}  // namespace

Tensor embed(Graph& g, Param& table, std::span<const int> ids) {
  Tensor y = g.make(ids.size(), table.k);
  for (size_t r = 0; r < ids.size(); ++r) {
    CHECK(ids[r] >= 0 && size_t(ids[r]) < table.n);
    const auto [offset, step] = row_of(table, size_t(ids[r]));
    for (size_t i = 0; i < table.k; ++i) y.row(r)[i] = table.value[offset + i * step];
  }
  if (g.recording() && table.trainable())
    g.record([y, &table, rows = std::vector<int>(ids.begin(), ids.end())] {
      for (size_t r = 0; r < rows.size(); ++r) {  // token order: one fixed sum a table row
        const auto [offset, step] = row_of(table, size_t(rows[r]));
        for (size_t i = 0; i < table.k; ++i) table.grad[offset + i * step] += y.grad_row(r)[i];
      }
    });
  return y;
}

Tensor add(Graph& g, const Tensor& a, const Tensor& b) {
  CHECK(a.rows() == b.rows() && a.cols() == b.cols());
  Tensor y = g.make(a.rows(), a.cols());
  g.exec.kernels.add(y.data(), a.data(), b.data(), y.size());
  if (g.recording())
    g.record([exec = g.exec, a, b, y] {
      add_to(exec, a.grad(), y.grad(), y.size());
      add_to(exec, b.grad(), y.grad(), y.size());
    });
  return y;
}

Tensor pick_rows(Graph& g, const Tensor& x, std::span<const size_t> picks) {
  Tensor y = g.make(picks.size(), x.cols());
  for (size_t r = 0; r < picks.size(); ++r) std::copy_n(x.row(picks[r]), x.cols(), y.row(r));
  if (g.recording())
    g.record([exec = g.exec, x, y, rows = std::vector<size_t>(picks.begin(), picks.end())] {
      for (size_t r = 0; r < rows.size(); ++r) add_to(exec, x.grad_row(rows[r]), y.grad_row(r), x.cols());
    });
  return y;
}

Tensor split_heads(Graph& g, const Tensor& x, size_t heads, size_t begin, size_t n) {
  const size_t d = x.cols() / heads;
  CHECK(d * heads == x.cols() && begin + n <= d);
  if (n == d) return x;
  Tensor y = g.make(x.rows(), heads * n);
  for (size_t r = 0; r < x.rows(); ++r)
    for (size_t h = 0; h < heads; ++h) std::copy_n(x.row(r) + h * d + begin, n, y.row(r) + h * n);
  if (g.recording())
    g.record([exec = g.exec, x, y, heads, d, begin, n] {
      for (size_t r = 0; r < x.rows(); ++r)
        for (size_t h = 0; h < heads; ++h) add_to(exec, x.grad_row(r) + h * d + begin, y.grad_row(r) + h * n, n);
    });
  return y;
}

Tensor join_heads(Graph& g, const Tensor& a, const Tensor& b, Shared b_shared, size_t heads, size_t padded) {
  const bool shared = b_shared == Shared::yes;
  const size_t da = a.cols() / heads, db = shared ? b.cols() : b.cols() / heads;
  CHECK(a.rows() == b.rows() && da + db <= padded);
  Tensor y = g.make(a.rows(), heads * padded);
  for (size_t r = 0; r < a.rows(); ++r)
    for (size_t h = 0; h < heads; ++h) {
      float* to = y.row(r) + h * padded;
      std::copy_n(a.row(r) + h * da, da, to);
      std::copy_n(b.row(r) + (shared ? 0 : h * db), db, to + da);
      std::fill(to + da + db, to + padded, 0.0f);
    }
  if (g.recording())
    g.record([exec = g.exec, a, b, y, shared, da, db, heads, padded] {
      for (size_t r = 0; r < a.rows(); ++r)
        for (size_t h = 0; h < heads; ++h) {
          const float* from = y.grad_row(r) + h * padded;
          add_to(exec, a.grad_row(r) + h * da, from, da);
          add_to(exec, b.grad_row(r) + (shared ? 0 : h * db), from + da, db);
        }
    });
  return y;
}

Tensor pad_heads(Graph& g, const Tensor& x, size_t heads, size_t padded) {
  const size_t d = x.cols() / heads;
  CHECK(d * heads == x.cols() && d <= padded);
  if (d == padded) return x;
  Tensor y = g.make(x.rows(), heads * padded);
  for (size_t r = 0; r < x.rows(); ++r)
    for (size_t h = 0; h < heads; ++h) {
      float* to = y.row(r) + h * padded;
      std::copy_n(x.row(r) + h * d, d, to);
      std::fill(to + d, to + padded, 0.0f);
    }
  if (g.recording())
    g.record([exec = g.exec, x, y, heads, d, padded] {
      for (size_t r = 0; r < x.rows(); ++r)
        for (size_t h = 0; h < heads; ++h) add_to(exec, x.grad_row(r) + h * d, y.grad_row(r) + h * padded, d);
    });
  return y;
}

Tensor join_columns(Graph& g, const Tensor& a, const Tensor& b) {
  return join_heads(g, a, b, Shared::no, 1, a.cols() + b.cols());
}

}  // namespace r1
