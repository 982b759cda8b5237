#include "train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "kernels/scalar_math.h"
#include "tensor/pack.h"

namespace r1 {
namespace {

constexpr std::array<EnumName<Schedule>, 3> kSchedules{
    {{Schedule::constant, "constant"}, {Schedule::linear, "linear"}, {Schedule::cosine, "cosine"}}};
constexpr std::array<EnumName<MatrixOptimizer>, 2> kMatrixOptimizers{
    {{MatrixOptimizer::adamw, "adamw"}, {MatrixOptimizer::muon, "muon"}}};

// cos(pi t), the same bits everywhere.
double cosine(double t) {
  double s, c;
  exact_sin_cos(t * 3.14159265358979323846, s, c);
  return c;
}

std::vector<float> transposed(const std::vector<float>& x, size_t rows, size_t cols) {
  std::vector<float> out(x.size());
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < cols; ++c) out[c * rows + r] = x[r * cols + c];
  return out;
}

// x [m, k] times w [n, k] transposed.
std::vector<float> times_transposed(const Kernels& kernels, const std::vector<float>& x, const std::vector<float>& w,
                                    size_t m, size_t n, size_t k) {
  std::vector<float> packed(packed_size(n, k)), y(m * n);
  pack_rows(packed.data(), w.data(), k, n, k);
  kernels.gemm(x.data(), k, m, packed.data(), k, n, 0, panels_of(n), y.data(), n, false);
  return y;
}

// Only matrices inside the blocks: embeddings, head, router and vectors keep AdamW (as the Muon authors advise).
std::vector<const Param*> block_matrices(const ModelConfig& config, Weights& weights) {
  std::vector<const Param*> out;
  for (const TensorSpec& s : tensor_list(config)) {
    if ((s.mtp && weights.mtp.empty()) || (s.role != Role::matrix && s.role != Role::kv_b)) continue;
    out.push_back(&s.param(weights));
    if (s.second) out.push_back(&s.second(weights));
  }
  return out;
}

}  // namespace

void visit(ConfigVisitor& v, OptimizerConfig& c) {
  v.field("lr", c.lr, at_least(0));
  v.field("beta1", c.beta1, at_least(0) && below(1));
  v.field("beta2", c.beta2, at_least(0) && below(1));
  v.field("eps", c.eps, above(0));
  v.field("weight_decay", c.weight_decay, at_least(0));
  v.field("matrices", c.matrices, kMatrixOptimizers);
  v.field("muon_lr", c.muon_lr, at_least(0));
  v.field("muon_momentum", c.muon_momentum, at_least(0) && below(1));
  v.field("clip_norm", c.clip_norm, at_least(0));
  v.field("schedule", c.schedule, kSchedules);
  v.field("warmup_steps", c.warmup_steps, at_least(0));
  v.field("decay_start", c.decay_start, at_least(0));
  v.field("decay_end", c.decay_end, at_least(0));
  v.field("final_fraction", c.final_fraction, at_least(0) && at_most(1));
  v.require(c.decay_end == 0 || c.decay_end >= c.decay_start, "decay_end", "is before decay_start");
}

double schedule_factor(const OptimizerConfig& c, int64_t step, int64_t steps) {
  const double warm = step < c.warmup_steps ? double(step + 1) / double(c.warmup_steps) : 1.0;
  const int64_t end = c.decay_end > 0 ? c.decay_end : steps, start = std::max(c.decay_start, c.warmup_steps);
  if (c.schedule == Schedule::constant || step < start || end <= start) return warm;
  const double t = std::min(1.0, double(step - start) / double(end - start));
  const double shape = c.schedule == Schedule::linear ? 1 - t : 0.5 * (1 + cosine(t));
  return warm * (c.final_fraction + (1 - c.final_fraction) * shape);
}

void orthogonalise(const Kernels& kernels, std::vector<float>& x, size_t rows, size_t cols) {
  const bool tall = rows > cols;
  if (tall) x = transposed(x, rows, cols);
  const size_t r = tall ? cols : rows, c = tall ? rows : cols;
  const float norm = std::sqrt(kernels.sum_squares(x.data(), x.size())) + 1e-7f;
  for (float& v : x) v /= norm;
  constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
  for (int i = 0; i < 5; ++i) {
    const std::vector<float> gram = times_transposed(kernels, x, x, r, r, c);
    std::vector<float> poly = times_transposed(kernels, gram, gram, r, r, r);  // gram is symmetric
    for (size_t j = 0; j < poly.size(); ++j) poly[j] = kB * gram[j] + kC * poly[j];
    const std::vector<float> moved = times_transposed(kernels, poly, transposed(x, r, c), r, c, r);
    for (size_t j = 0; j < x.size(); ++j) x[j] = kA * x[j] + moved[j];
  }
  if (tall) x = transposed(x, r, c);
}

Optimizer::Optimizer(const OptimizerConfig& config, const ModelConfig& model, Weights& weights) : config_(config) {
  const std::vector<const Param*> matrices = block_matrices(model, weights);
  for (Param* p : all_params(model, weights)) {
    if (!p->trainable()) continue;
    const bool muon =
        config.matrices == MatrixOptimizer::muon && std::find(matrices.begin(), matrices.end(), p) != matrices.end();
    params_.push_back(p);
    muon_.push_back(muon);
    states_.push_back({FloatBuffer(p->storage()), FloatBuffer(muon ? 0 : p->storage())});
  }
}

Optimizer::StepReport Optimizer::step(const Exec& exec, double lr_factor) {
  StepReport report;
  std::vector<double> squares(params_.size());
  exec.pool.for_each(params_.size(), [&](size_t i) {
    squares[i] = exec.kernels.sum_squares(params_[i]->grad.data(), params_[i]->grad.size());
  });
  double total = 0;
  for (size_t i = 0; i < squares.size(); ++i) {
    if (!std::isfinite(squares[i])) {
      report.non_finite = params_[i]->name;
      return report;
    }
    total += squares[i];
  }
  report.grad_norm = std::sqrt(total);
  const float grad_scale = config_.clip_norm > 0 && report.grad_norm > config_.clip_norm
                               ? float(config_.clip_norm / report.grad_norm)
                               : 1.0f;
  ++steps_done;

  AdamWStep s{float(config_.lr * lr_factor), float(config_.beta1), float(config_.beta2), float(config_.eps),
              float(config_.weight_decay)};
  // beta^t by repeated products: the same bits everywhere. Below 1e-17 a power no longer shows in 1 - power.
  double power1 = 1, power2 = 1;
  for (int64_t i = 0; i < steps_done && (power1 > 1e-17 || power2 > 1e-17); ++i) {
    power1 *= config_.beta1;
    power2 *= config_.beta2;
  }
  s.bias1 = float(1 - power1);
  s.bias2 = float(1 - power2);
  s.grad_scale = grad_scale;
  for (size_t i = 0; i < params_.size(); ++i) {
    if (muon_[i]) continue;
    Param& p = *params_[i];
    exec.pool.for_ranges(p.value.size(), [&](size_t b, size_t e) {
      exec.kernels.adamw(p.value.data() + b, states_[i].m.data() + b, states_[i].v.data() + b, p.grad.data() + b, e - b,
                         s);
    });
  }
  step_muon(exec, float(config_.muon_lr * lr_factor), grad_scale);
  for (Param* p : params_) p->grad.zero();
  return report;
}

// Momentum with Nesterov's look-ahead, then the orthogonalised matrix scaled by sqrt(max(1, rows/cols)).
void Optimizer::step_muon(const Exec& exec, float lr, float grad_scale) {
  struct Item {
    size_t param, slice;
  };
  std::vector<Item> items;
  for (size_t i = 0; i < params_.size(); ++i)
    for (size_t slice = 0; muon_[i] && slice < params_[i]->count; ++slice) items.push_back({i, slice});
  const float momentum = float(config_.muon_momentum), keep = 1.0f - lr * float(config_.weight_decay);
  exec.pool.for_each(items.size(), [&](size_t at) {
    Param& p = *params_[items[at].param];
    const size_t offset = items[at].slice * p.slice_size(), n = p.slice_size();
    float *m = states_[items[at].param].m.data() + offset, *g = p.grad.data() + offset, *w = p.value.data() + offset;
    for (size_t i = 0; i < n; ++i) {
      m[i] = momentum * m[i] + (1.0f - momentum) * (g[i] * grad_scale);
      g[i] = momentum * m[i] + (1.0f - momentum) * (g[i] * grad_scale);  // the gradient is zeroed afterwards anyway
    }
    std::vector<float> update(p.n * p.k), packed(n);
    unpack_rows(update.data(), p.k, g, p.n, p.k);
    orthogonalise(exec.kernels, update, p.n, p.k);
    pack_rows(packed.data(), update.data(), p.k, p.n, p.k);
    const float step = lr * std::sqrt(std::max(1.0f, float(p.n) / float(p.k)));
    for (size_t i = 0; i < n; ++i) w[i] = keep * w[i] - step * packed[i];
  });
}

}  // namespace r1
