// bench/kernels: the packed product and its weight gradient on the quickstart's and larger shapes, one thread. Each
// result is first checked against the plain kernels, bit for bit; then median and spread of the rate are printed, with
// the share of this run's peak: the best rate of a product that stays in the first cache.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

#include "base/rng.h"
#include "kernels/targets.h"

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kRepeats = 15;
constexpr double kSecondsEach = 0.02;

struct Rates {
  double median = 0, low = 0, high = 0;
};

// Rates of `work` (flop a call), each over at least kSecondsEach.
template <class Work>
Rates measure(double flop, const Work& work) {
  std::vector<double> rates;
  for (int r = 0; r < kRepeats; ++r) {
    const auto start = Clock::now();
    double seconds = 0, done = 0;
    while (seconds < kSecondsEach) {
      work();
      done += flop;
      seconds = std::chrono::duration<double>(Clock::now() - start).count();
    }
    rates.push_back(done / seconds * 1e-9);
  }
  std::sort(rates.begin(), rates.end());
  return {rates[rates.size() / 2], rates.front(), rates.back()};
}

std::vector<float> random_floats(size_t n, uint64_t stream) {
  Rng rng{1, stream, 0};
  std::vector<float> out(n);
  for (float& x : out) x = float(rng.uniform() * 2 - 1);
  return out;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

struct Shape {
  size_t rows, n, k;
};

// A product small enough to stay in the first cache, with many independent chains: the practical peak of this machine
// now.
double peak(const Kernels& kernels) {
  const size_t rows = 96, n = 32, k = 192;
  const auto x = random_floats(rows * k, 1), w = random_floats(packed_size(n, k), 2);
  std::vector<float> y(rows * n);
  return measure(2.0 * double(rows * n * k),
                 [&] { kernels.gemm(x.data(), k, rows, w.data(), k, n, 0, panels_of(n), y.data(), n, false); })
      .high;
}

bool run_shape(const Kernels& kernels, Shape s, double top) {
  const auto x = random_floats(s.rows * s.k, 1), w = random_floats(packed_size(s.n, s.k), 2),
             dy = random_floats(s.rows * s.n, 3);
  std::vector<float> y(s.rows * s.n), y_plain(s.rows * s.n), dw(packed_size(s.n, s.k)), dw_plain(dw.size());
  const auto forward = [&](const Kernels& t, std::vector<float>& out) {
    t.gemm(x.data(), s.k, s.rows, w.data(), s.k, s.n, 0, panels_of(s.n), out.data(), s.n, false);
  };
  const auto backward = [&](const Kernels& t, std::vector<float>& out) {
    t.gemm_weight_grad(x.data(), s.k, dy.data(), s.n, s.rows, s.k, s.n, 0, panels_of(s.n), 0, s.k, out.data());
  };
  forward(kernels, y);
  forward(plain_kernels(), y_plain);
  backward(kernels, dw);
  backward(plain_kernels(), dw_plain);
  if (!same_bits(y, y_plain) || !same_bits(dw, dw_plain)) {
    std::printf("%s %zux%zux%zu differs from the plain kernels\n", kernels.name, s.rows, s.n, s.k);
    return false;
  }
  const double flop = 2.0 * double(s.rows * s.n * s.k);
  const Rates f = measure(flop, [&] { forward(kernels, y); }), b = measure(flop, [&] { backward(kernels, dw); });
  std::printf("| %s | %zu x %zu x %zu | %.1f (%.1f to %.1f), %.0f%% | %.1f (%.1f to %.1f), %.0f%% |\n", kernels.name,
              s.rows, s.n, s.k, f.median, f.low, f.high, 100 * f.median / top, b.median, b.low, b.high,
              100 * b.median / top);
  return true;
}

int run() {
  bool good = true;
  std::printf("| kernels | rows x n x k | product, GFLOP/s | weight gradient, GFLOP/s |\n|---|---|---|---|\n");
  for (const Kernels* kernels : simd_kernels()) {
    const double top = peak(*kernels);
    for (const Shape& s :
         {Shape{1, 1536, 1536}, {8, 1536, 1536}, {384, 96, 96}, {1536, 96, 96}, {1536, 256, 96}, {1024, 576, 1536}})
      good &= run_shape(*kernels, s, top);
    std::printf("| %s | in the first cache | %.1f | |\n", kernels->name, top);
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace r1

int main() { return r1::run(); }
