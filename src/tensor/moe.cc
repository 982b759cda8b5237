#include "tensor/moe.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/result.h"
#include "tensor/linear.h"

namespace r1 {
namespace {

constexpr float kSumGuard = 1e-20f;  // as the reference divides

// The indices of the k largest of v, lower index first among equals; result ascending by index.
void top_k(std::span<const float> v, size_t k, std::vector<uint32_t>& order) {
  order.resize(v.size());
  std::iota(order.begin(), order.end(), 0u);
  std::partial_sort(order.begin(), order.begin() + std::ptrdiff_t(k), order.end(),
                    [&](uint32_t a, uint32_t b) { return v[a] != v[b] ? v[a] > v[b] : a < b; });
  order.resize(k);
  std::sort(order.begin(), order.end());
}

float score_of_group(std::span<const float> group, GroupScore how) {
  float best = -INFINITY, second = -INFINITY;
  for (float v : group) {
    if (v > best) {
      second = best;
      best = v;
    } else if (v > second) {
      second = v;
    }
  }
  return how == GroupScore::max || group.size() < 2 ? best : best + second;
}

// Rows sorted by expert: expert e's assignments are [begin[e], begin[e+1]).
struct Grouped {
  std::vector<size_t> begin;
  std::vector<size_t> row, slot;  // of each assignment
};

Grouped group_by_expert(const Choice& choice, size_t n_experts) {
  Grouped out;
  out.begin.assign(n_experts + 1, 0);
  for (size_t e = 0; e < n_experts; ++e) out.begin[e + 1] = out.begin[e] + choice.load[e];
  out.row.resize(choice.experts.size());
  out.slot.resize(choice.experts.size());
  std::vector<size_t> next(out.begin.begin(), out.begin.end() - 1);
  for (size_t i = 0; i < choice.experts.size(); ++i) {
    const size_t at = next[choice.experts[i]]++;
    out.row[at] = i / choice.top_k;
    out.slot[at] = i;
  }
  return out;
}

struct ExpertActivations {
  Tensor x, gate, up, hidden, out;  // one row per assignment
};

}  // namespace

Tensor gate_scores(Graph& g, const Tensor& logits, ScoreFn fn) {
  Tensor s = g.make(logits.rows(), logits.cols());
  const size_t n = logits.cols();
  for (size_t r = 0; r < s.rows(); ++r) {
    if (fn == ScoreFn::sigmoid)
      g.exec.kernels.sigmoid(s.row(r), logits.row(r), n);
    else
      g.exec.kernels.softmax(s.row(r), logits.row(r), n, 1.0f, g.exec.kernels.row_stats(logits.row(r), n, 1.0f));
  }
  if (g.recording())
    g.record([exec = g.exec, logits, s, fn, n] {
      for (size_t r = 0; r < s.rows(); ++r) {
        const float *p = s.row(r), *ds = s.grad_row(r);
        float* d = logits.grad_row(r);
        const float mean = fn == ScoreFn::softmax ? exec.kernels.dot(p, ds, n) : 0.0f;
        for (size_t e = 0; e < n; ++e)
          d[e] += fn == ScoreFn::softmax ? p[e] * (ds[e] - mean) : p[e] * (1.0f - p[e]) * ds[e];
      }
    });
  return s;
}

Choice choose_experts(const Tensor& scores, const float* bias, const GateConfig& c) {
  const size_t n = c.n_routed_experts, group_size = n / c.n_group;
  CHECK(scores.cols() == n && group_size * c.n_group == n);
  Choice choice{c.num_experts_per_tok, {}, std::vector<uint32_t>(n, 0)};
  choice.experts.reserve(scores.rows() * c.num_experts_per_tok);
  std::vector<float> b(n), group_scores(c.n_group);
  std::vector<uint32_t> kept, chosen;
  for (size_t r = 0; r < scores.rows(); ++r) {
    for (size_t e = 0; e < n; ++e) b[e] = scores.row(r)[e] + (bias == nullptr ? 0.0f : bias[e]);
    if (c.topk_group < c.n_group) {
      for (size_t i = 0; i < c.n_group; ++i)
        group_scores[i] = score_of_group(std::span(b).subspan(i * group_size, group_size), c.group_score);
      top_k(group_scores, c.topk_group, kept);
      for (size_t i = 0; i < c.n_group; ++i)
        if (!std::binary_search(kept.begin(), kept.end(), uint32_t(i)))
          std::fill_n(b.begin() + std::ptrdiff_t(i * group_size), group_size, -INFINITY);
    }
    top_k(b, c.num_experts_per_tok, chosen);
    for (uint32_t e : chosen) {
      choice.experts.push_back(e);
      ++choice.load[e];
    }
  }
  return choice;
}

Tensor expert_weights(Graph& g, const Tensor& scores, const Choice& choice, const GateConfig& c) {
  const size_t k = choice.top_k;
  Tensor w = g.make(scores.rows(), k);
  const auto sum_of = [&choice, scores, k](size_t r) {
    float sum = 0;
    for (size_t i = 0; i < k; ++i) sum += scores.row(r)[choice.experts[r * k + i]];
    return sum + kSumGuard;
  };
  for (size_t r = 0; r < w.rows(); ++r) {
    const float factor = c.norm_topk_prob ? c.routed_scaling_factor / sum_of(r) : c.routed_scaling_factor;
    for (size_t i = 0; i < k; ++i) w.row(r)[i] = scores.row(r)[choice.experts[r * k + i]] * factor;
  }
  if (g.recording())
    // w_i = f s_i / S: ds_i = f/S (dw_i - sum_j dw_j s_j / S) when normalised, f dw_i otherwise.
    g.record([scores, w, c, k, experts = choice.experts] {
      for (size_t r = 0; r < w.rows(); ++r) {
        const float *s = scores.row(r), *dw = w.grad_row(r);
        float* ds = scores.grad_row(r);
        const uint32_t* chosen = &experts[r * k];
        float sum = kSumGuard, along = 0;
        for (size_t i = 0; i < k; ++i) sum += s[chosen[i]];
        for (size_t i = 0; i < k; ++i) along += dw[i] * s[chosen[i]];
        const float f = c.routed_scaling_factor;
        for (size_t i = 0; i < k; ++i) ds[chosen[i]] += c.norm_topk_prob ? f / sum * (dw[i] - along / sum) : f * dw[i];
      }
    });
  return w;
}

Tensor experts(Graph& g, const Tensor& x, const Choice& choice, const Tensor& weights, Param& gate, Param& up,
               Param& down) {
  const size_t n_experts = gate.count, d = x.cols(), ff = gate.n, rows = choice.experts.size();
  CHECK(gate.k == d && up.n == ff && down.n == d && down.k == ff && weights.size() == rows);
  const Grouped by = group_by_expert(choice, n_experts);
  ExpertActivations a{g.make(rows, d), g.make(rows, ff), g.make(rows, ff), g.make(rows, ff), g.make(rows, d)};
  const Exec& exec = g.exec;
  exec.pool.for_ranges(rows, [&](size_t b, size_t e) {
    for (size_t i = b; i < e; ++i) std::copy_n(x.row(by.row[i]), d, a.x.row(i));
  });
  for (size_t e = 0; e < n_experts; ++e) {
    const size_t b = by.begin[e], m = by.begin[e + 1] - b;
    if (m == 0) continue;
    product(exec, a.x.row(b), d, m, gate.slice(e), ff, d, a.gate.row(b), ff, false);
    product(exec, a.x.row(b), d, m, up.slice(e), ff, d, a.up.row(b), ff, false);
    exec.kernels.swiglu(a.hidden.row(b), a.gate.row(b), a.up.row(b), m * ff);
    product(exec, a.hidden.row(b), ff, m, down.slice(e), d, ff, a.out.row(b), d, false);
  }
  Tensor y = g.make(x.rows(), d);
  std::fill_n(y.data(), y.size(), 0.0f);
  // Assignments are sorted by expert, so each row sums its experts ascending.
  for (size_t i = 0; i < rows; ++i) exec.kernels.axpy(y.row(by.row[i]), weights.data()[by.slot[i]], a.out.row(i), d);
  if (g.recording())
    g.record([&g, x, weights, y, a, by, &gate, &up, &down, d, ff, rows, n_experts] {
      const Exec& exec = g.exec;
      float *dy = y.grad(), *dw = weights.grad(), *d_out = a.out.grad();
      for (size_t i = 0; i < rows; ++i) {
        const float* from = dy + by.row[i] * d;
        dw[by.slot[i]] += exec.kernels.dot(from, a.out.row(i), d);
        exec.kernels.axpy(d_out + i * d, weights.data()[by.slot[i]], from, d);
      }
      for (size_t e = 0; e < n_experts; ++e) {
        const size_t b = by.begin[e], m = by.begin[e + 1] - b;
        if (m == 0) continue;
        product_vjp(g, a.hidden.row(b), ff, a.out.grad_row(b), d, m, down.slice(e), d, ff, a.hidden.grad_row(b), ff,
                    down.trainable() ? down.slice_grad(e) : nullptr);
        exec.kernels.swiglu_vjp(a.gate.grad_row(b), a.up.grad_row(b), a.hidden.grad_row(b), a.gate.row(b), a.up.row(b),
                                m * ff);
        product_vjp(g, a.x.row(b), d, a.gate.grad_row(b), ff, m, gate.slice(e), ff, d, a.x.grad_row(b), d,
                    gate.trainable() ? gate.slice_grad(e) : nullptr);
        product_vjp(g, a.x.row(b), d, a.up.grad_row(b), ff, m, up.slice(e), ff, d, a.x.grad_row(b), d,
                    up.trainable() ? up.slice_grad(e) : nullptr);
      }
      for (size_t i = 0; i < rows; ++i)
        exec.kernels.add(x.grad_row(by.row[i]), x.grad_row(by.row[i]), a.x.grad_row(i), d);
    });
  return y;
}

double balance_loss(Graph& g, const Tensor& scores, std::span<const RowRange> sequences, const GateConfig& c,
                    double alpha) {
  const size_t n = c.n_routed_experts, k = c.num_experts_per_tok;
  std::vector<uint32_t> chosen;
  std::vector<double> f(n), p(n);
  double loss = 0;
  for (const RowRange& s : sequences) {
    std::fill(f.begin(), f.end(), 0.0);
    std::fill(p.begin(), p.end(), 0.0);
    for (size_t r = s.begin; r < s.begin + s.rows; ++r) {
      const float* row = scores.row(r);
      top_k({row, n}, k, chosen);
      for (uint32_t e : chosen) f[e] += double(n) / (double(k) * double(s.rows));
      double sum = 0;
      for (size_t e = 0; e < n; ++e) sum += row[e];
      for (size_t e = 0; e < n; ++e) p[e] += row[e] / sum / double(s.rows);
    }
    for (size_t e = 0; e < n; ++e) loss += f[e] * p[e] / double(sequences.size());
    if (!g.recording() || alpha == 0) continue;
    // d/ds_e of s_e / sum: (f_e - sum_j f_j s_j / sum) / sum, over the T rows. Recorded before anything reads these
    // gradients backward: the scores' own step was recorded earlier, so runs later.
    for (size_t r = s.begin; r < s.begin + s.rows; ++r) {
      const float* row = scores.row(r);
      double sum = 0, mean = 0;
      for (size_t e = 0; e < n; ++e) sum += row[e];
      for (size_t e = 0; e < n; ++e) mean += f[e] * row[e] / sum;
      const double factor = alpha / (double(s.rows) * sum * double(sequences.size()));
      for (size_t e = 0; e < n; ++e) scores.grad_row(r)[e] += float(factor * (f[e] - mean));
    }
  }
  return loss;
}

}  // namespace r1
