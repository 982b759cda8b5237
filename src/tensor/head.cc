#include "tensor/head.h"

#include <algorithm>

#include "base/result.h"
#include "tensor/linear.h"
#include "tensor/shape_ops.h"

namespace r1 {
namespace {

constexpr size_t kChunkFloats = 256 * 1024;  // logits alive at a time: 1 MiB, within the caches

size_t chunk_rows(size_t vocab) { return std::max<size_t>(8, kChunkFloats / vocab); }

float entropy_of(const Kernels& kernels, const float* z, float* p, size_t n, float scale, RowStats stats) {
  kernels.softmax(p, z, n, scale, stats);
  // H = -sum p log p = max + log_sum - scale * sum p z
  return stats.max + stats.log_sum - scale * kernels.dot(p, z, n);
}

void ban(float* logits, std::span<const int> tokens) {
  for (int t : tokens) logits[t] = kBannedLogit;
}

struct Scored {
  std::vector<size_t> rows;
  std::vector<int> targets;
};

}  // namespace

TokenLogProbs token_log_probs(Graph& g, const Tensor& h, Param& head, std::span<const int> targets,
                              float inverse_temperature, bool want_entropy, std::span<const int> banned) {
  CHECK(targets.size() == h.rows() && head.layout == ParamLayout::packed && head.k == h.cols());
  Scored scored;
  for (size_t r = 0; r < targets.size(); ++r)
    if (targets[r] >= 0) {
      CHECK(size_t(targets[r]) < head.n);
      scored.rows.push_back(r);
      scored.targets.push_back(targets[r]);
    }
  TokenLogProbs out{g.make(h.rows(), 1), {}};
  std::fill_n(out.log_probs.data(), h.rows(), 0.0f);
  if (want_entropy) out.entropy.assign(h.rows(), 0.0f);

  const Tensor x = pick_rows(g, h, scored.rows);
  const Exec exec = g.exec;
  const size_t vocab = head.n, d = head.k, chunk = chunk_rows(vocab), n = scored.rows.size();
  std::vector<RowStats> stats(n);
  FloatBuffer logits = g.scratch(chunk * vocab), probs = g.scratch(want_entropy ? chunk * vocab : 0);
  for (size_t begin = 0; begin < n; begin += chunk) {
    const size_t rows = std::min(chunk, n - begin);
    product(exec, x.row(begin), d, rows, head.value.data(), vocab, d, logits.data(), vocab, false);
    exec.pool.for_ranges(rows, [&](size_t b, size_t e) {
      for (size_t i = b; i < e; ++i) {
        float* z = logits.data() + i * vocab;
        ban(z, banned);
        const RowStats s = stats[begin + i] = exec.kernels.row_stats(z, vocab, inverse_temperature);
        const size_t row = scored.rows[begin + i];
        out.log_probs.data()[row] = log_prob_of(z[scored.targets[begin + i]], inverse_temperature, s);
        if (want_entropy)
          out.entropy[row] = entropy_of(exec.kernels, z, probs.data() + i * vocab, vocab, inverse_temperature, s);
      }
    });
  }
  g.give_back(std::move(logits));
  g.give_back(std::move(probs));
  if (g.recording())
    g.record([&g, x, &head, out = out.log_probs, scored = std::move(scored), stats = std::move(stats),
              inverse_temperature, vocab, d, chunk, n, left_out = std::vector<int>(banned.begin(), banned.end())] {
      const Exec& exec = g.exec;
      FloatBuffer logits = g.scratch(chunk * vocab);
      for (size_t begin = 0; begin < n; begin += chunk) {
        const size_t rows = std::min(chunk, n - begin);
        product(exec, x.row(begin), d, rows, head.value.data(), vocab, d, logits.data(), vocab, false);
        exec.pool.for_ranges(rows, [&](size_t b, size_t e) {
          for (size_t i = b; i < e; ++i) {
            float* z = logits.data() + i * vocab;
            ban(z, left_out);
            const float factor = out.grad()[scored.rows[begin + i]] * inverse_temperature;
            exec.kernels.softmax(z, z, vocab, inverse_temperature, stats[begin + i]);
            for (size_t t = 0; t < vocab; ++t) z[t] *= -factor;
            z[scored.targets[begin + i]] += factor;
          }
        });
        product_vjp(g, x.row(begin), d, logits.data(), vocab, rows, head.value.data(), vocab, d, x.grad_row(begin), d,
                    head.trainable() ? head.grad.data() : nullptr);
      }
      g.give_back(std::move(logits));
    });
  return out;
}

}  // namespace r1
