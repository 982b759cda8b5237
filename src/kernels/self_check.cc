// The check at start: every entry of a table on fixed inputs, bit for bit against the plain table. Inputs that need
// another kernel's output take the plain one's, so a difference is the named entry's own.
#include <cstring>

#include "base/rng.h"
#include "kernels/targets.h"

namespace r1 {
namespace {

using Floats = std::vector<float>;

struct Inputs {
  Rng rng{1, 2, 0};
  Floats operator()(size_t n, float scale = 1) {
    Floats v(n);
    for (float& x : v) x = float(rng.uniform() * 2 - 1) * scale;
    return v;
  }
};

bool same_bits(const Floats& a, const Floats& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

Floats joined(const Floats& a, const Floats& b) {
  Floats out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

// Rows and panels that leave a remainder in every tile size; then one row, over several panels and over one.
Floats run_gemm(const Kernels& t) {
  Inputs in;
  const size_t rows = 23, k = 37, n = 85;
  const Floats x = in(rows * k), w = in(packed_size(n, k));
  Floats y = in(rows * n);
  t.gemm(x.data(), k, rows, w.data(), k, n, 0, panels_of(n), y.data(), n, true);
  t.gemm(x.data(), k, 1, w.data(), k, n, 0, panels_of(n), y.data(), n, false);
  return y;
}

Floats run_weight_grad(const Kernels& t) {
  Inputs in;
  const size_t rows = 19, k = 37, n = 29;
  const Floats x = in(rows * k), dy = in(rows * n);
  Floats dw = in(packed_size(n, k));
  t.gemm_weight_grad(x.data(), k, dy.data(), n, rows, k, n, 0, panels_of(n), 0, k, dw.data());
  return dw;
}

constexpr size_t kRow = 77;

Floats run_dot(const Kernels& t) {
  Inputs in;
  const Floats a = in(kRow, 8), b = in(kRow, 3);
  Floats sums;
  for (size_t n = 1; n <= kRow; ++n) sums.push_back(t.dot(a.data(), b.data(), n));
  return sums;
}

Floats run_sum_squares(const Kernels& t) {
  const Floats a = Inputs()(kRow, 8);
  Floats sums;
  for (size_t n = 1; n <= kRow; ++n) sums.push_back(t.sum_squares(a.data(), n));
  return sums;
}

Floats run_axpy(const Kernels& t) {
  Inputs in;
  Floats y = in(kRow);
  t.axpy(y.data(), 0.3f, in(kRow).data(), kRow);
  return y;
}

Floats run_add(const Kernels& t) {
  Inputs in;
  Floats y = in(kRow);
  t.add(y.data(), y.data(), in(kRow).data(), kRow);
  return y;
}

Floats run_rms_norm(const Kernels& t) {
  Inputs in;
  const Floats x = in(kRow, 8), gain = in(kRow);
  Floats y(kRow);
  y.push_back(t.rms_norm(y.data(), x.data(), gain.data(), kRow, 1e-6f));
  return y;
}

Floats run_rms_norm_vjp(const Kernels& t) {
  Inputs in;
  const Floats x = in(kRow, 8), gain = in(kRow), dy = in(kRow);
  Floats dx = in(kRow), dgain = in(kRow);
  t.rms_norm_vjp(dx.data(), dgain.data(), dy.data(), x.data(), gain.data(), kRow, 0.21f);
  return joined(dx, dgain);
}

// Half of them where sigmoid bends, half where exp over- and underflows.
Floats activations(Inputs& in) { return joined(in(kRow / 2, 8), in(kRow - kRow / 2, 120)); }

Floats run_swiglu(const Kernels& t) {
  Inputs in;
  const Floats gate = activations(in), up = in(kRow, 3);
  Floats y(kRow);
  t.swiglu(y.data(), gate.data(), up.data(), kRow);
  return y;
}

Floats run_swiglu_vjp(const Kernels& t) {
  Inputs in;
  const Floats gate = activations(in), up = in(kRow, 3), dy = in(kRow);
  Floats dgate = in(kRow), dup = in(kRow);
  t.swiglu_vjp(dgate.data(), dup.data(), dy.data(), gate.data(), up.data(), kRow);
  return joined(dgate, dup);
}

Floats run_sigmoid(const Kernels& t) {
  Inputs in;
  const Floats x = activations(in);
  Floats y(kRow);
  t.sigmoid(y.data(), x.data(), kRow);
  return y;
}

Floats run_row_stats(const Kernels& t) {
  const Floats z = Inputs()(kRow, 12);
  Floats out;
  for (size_t n = 1; n <= kRow; ++n) {
    const RowStats stats = t.row_stats(z.data(), n, 0.7f);
    out.insert(out.end(), {stats.max, stats.log_sum});
  }
  return out;
}

Floats run_softmax(const Kernels& t) {
  Inputs in;
  const Floats z = activations(in);
  Floats p(kRow);
  t.softmax(p.data(), z.data(), kRow, 0.7f, plain_kernels().row_stats(z.data(), kRow, 0.7f));
  return p;
}

// Heads and keys that leave remainders, more than two blocks of keys.
struct Attention {
  static constexpr size_t kKeys = 150, kHeads = 5, kKeyDim = 48, kValueDim = 80, kStride = kKeyDim + kValueDim;
  static constexpr AttentionShape kShape{kHeads, kKeys, kKeyDim, kValueDim, kKeyDim, kValueDim, 0.4f};
  Inputs in;
  Floats cache = in(kKeys * kStride), q = in(kHeads * kKeyDim, 2), d_out = in(kHeads * kValueDim);
  const float* page = cache.data();
  KvRows kv{&page, kKeys, kStride, 0, kKeyDim};
  Floats out = Floats(kHeads * kValueDim), scratch = Floats(kHeads * kKeyBlock);
  std::vector<RowStats> stats = std::vector<RowStats>(kHeads);

  void forward(const Kernels& t) { t.attention(kShape, q.data(), kv, out.data(), stats.data(), scratch.data()); }
};

Floats run_attention(const Kernels& t) {
  Attention a;
  a.forward(t);
  for (const RowStats& s : a.stats) a.out.insert(a.out.end(), {s.max, s.log_sum});
  return a.out;
}

Floats run_attention_vjp(const Kernels& t) {
  Attention a;
  a.forward(plain_kernels());
  Floats dq = a.in(a.q.size()), dkv = a.in(a.cache.size());
  t.attention_vjp(a.kShape, a.q.data(), a.kv, a.out.data(), a.stats.data(), a.d_out.data(), dq.data(), dkv.data(),
                  a.scratch.data());
  return joined(dq, dkv);
}

Floats run_adamw(const Kernels& t) {
  Inputs in;
  Floats w = in(kRow), m = in(kRow, 0.1f), v = in(kRow, 0.1f);
  for (float& x : v) x *= x;
  t.adamw(w.data(), m.data(), v.data(), in(kRow).data(), kRow, {0.1f, 0.9f, 0.95f, 1e-3f, 0.1f, 0.5f, 0.3f, 0.7f});
  return joined(w, joined(m, v));
}

struct Check {
  const char* name;
  Floats (*run)(const Kernels&);
};
constexpr Check kChecks[] = {
    {"gemm", run_gemm},         {"gemm_weight_grad", run_weight_grad}, {"dot", run_dot},
    {"axpy", run_axpy},         {"sum_squares", run_sum_squares},      {"add", run_add},
    {"rms_norm", run_rms_norm}, {"rms_norm_vjp", run_rms_norm_vjp},    {"swiglu", run_swiglu},
    {"sigmoid", run_sigmoid},   {"swiglu_vjp", run_swiglu_vjp},        {"row_stats", run_row_stats},
    {"softmax", run_softmax},   {"attention", run_attention},          {"attention_vjp", run_attention_vjp},
    {"adamw", run_adamw},
};

}  // namespace

std::string self_check(const Kernels& kernels) {
  for (const Check& check : kChecks)
    if (!same_bits(check.run(kernels), check.run(plain_kernels()))) return check.name;
  return "";
}

}  // namespace r1
