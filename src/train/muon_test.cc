#include <algorithm>

#include "tensor/pack.h"
#include "train/optimizer.h"
#include "train/test_run.h"

namespace r1 {
namespace {

using testing::TinyRun;

std::vector<float> random_matrix(size_t rows, size_t cols, uint64_t seed) {
  Rng rng{seed, 5, 0};
  std::vector<float> x(rows * cols);
  for (float& v : x) v = float(rng.normal());
  return x;
}

// Singular values of x [rows, cols] by one-sided Jacobi rotations of its rows (columns if there are fewer), in double.
std::vector<double> singular_values(const std::vector<float>& x, size_t rows, size_t cols) {
  const size_t n = std::min(rows, cols), m = std::max(rows, cols);
  std::vector<std::vector<double>> v(n, std::vector<double>(m));
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < m; ++j) v[i][j] = rows <= cols ? x[i * cols + j] : x[j * cols + i];
  for (int sweep = 0; sweep < 60; ++sweep)
    for (size_t p = 0; p < n; ++p)
      for (size_t q = p + 1; q < n; ++q) {
        double a = 0, b = 0, c = 0;
        for (size_t j = 0; j < m; ++j) {
          a += v[p][j] * v[p][j];
          b += v[q][j] * v[q][j];
          c += v[p][j] * v[q][j];
        }
        if (std::abs(c) < 1e-14 * std::sqrt(a * b)) continue;
        const double zeta = (b - a) / (2 * c);
        const double t = (zeta > 0 ? 1.0 : -1.0) / (std::abs(zeta) + std::sqrt(1 + zeta * zeta));
        const double cs = 1 / std::sqrt(1 + t * t), sn = cs * t;
        for (size_t j = 0; j < m; ++j) {
          const double old = v[p][j];
          v[p][j] = cs * old - sn * v[q][j];
          v[q][j] = sn * old + cs * v[q][j];
        }
      }
  std::vector<double> out;
  for (const auto& row : v) {
    double s = 0;
    for (double y : row) s += y * y;
    out.push_back(std::sqrt(s));
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Orthogonalise, BringsSingularValuesNearOne) {
  const Kernels& kernels = *all_kernels().front();
  struct Shape {
    size_t rows, cols;
  };
  for (const auto& [rows, cols] : {Shape{24, 24}, {48, 16}, {16, 48}, {33, 17}, {5, 40}, {1, 9}, {9, 1}}) {
    std::vector<float> x = random_matrix(rows, cols, rows * 100 + cols);
    // A random square matrix has singular values near 0, which five steps cannot lift: give it a floor.
    if (rows == cols)
      for (size_t i = 0; i < rows; ++i) x[i * cols + i] += 12;
    orthogonalise(kernels, x, rows, cols);
    const std::vector<double> s = singular_values(x, rows, cols);
    EXPECT_GT(s.front(), 0.65) << rows << "x" << cols;
    EXPECT_LT(s.back(), 1.25) << rows << "x" << cols;
  }
}

TEST(Orthogonalise, KeepsTheSingularVectors) {
  // Of a diagonal matrix, a diagonal one with the same signs.
  std::vector<float> x(4 * 6, 0.0f);
  const float diagonal[] = {3, -2, 1, -4};
  for (size_t i = 0; i < 4; ++i) x[i * 6 + i] = diagonal[i];
  orthogonalise(*all_kernels().front(), x, 4, 6);
  for (size_t r = 0; r < 4; ++r)
    for (size_t c = 0; c < 6; ++c) {
      if (r == c)
        EXPECT_NEAR(x[r * 6 + c], diagonal[r] > 0 ? 1 : -1, 0.35);
      else
        EXPECT_NEAR(x[r * 6 + c], 0, 1e-6);
    }
}

TEST(Orthogonalise, DoesNotCareForTheScaleAndSurvivesZero) {
  std::vector<float> x = random_matrix(8, 12, 1), y = x, zero(96, 0.0f);
  for (float& v : y) v *= 1024;
  orthogonalise(*all_kernels().front(), x, 8, 12);
  orthogonalise(*all_kernels().front(), y, 8, 12);
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], 1e-4);
  orthogonalise(*all_kernels().front(), zero, 8, 12);
  for (const float v : zero) EXPECT_EQ(v, 0);
}

TEST(Muon, AStepIsTheOrthogonalisedNesterovMomentumTimesTheLearningRate) {
  TinyRun run;
  OptimizerConfig c;
  c.matrices = MatrixOptimizer::muon;
  c.muon_lr = 0.1;
  c.muon_momentum = 0.9;
  c.weight_decay = 0.5;
  c.clip_norm = 0;
  Optimizer optimizer(c, run.config, run.model->weights);
  Param& p = run.model->weights.layers[0].up;
  const size_t n = p.n, k = p.k;
  std::vector<float> momentum(n * k, 0.0f), before(n * k), after(n * k);
  for (uint64_t step = 0; step < 2; ++step) {
    const std::vector<float> g = random_matrix(n, k, step);
    pack_rows(p.grad.data(), g.data(), k, n, k);
    unpack_rows(before.data(), k, p.value.data(), n, k);
    optimizer.step(run.exec, 0.5);
    unpack_rows(after.data(), k, p.value.data(), n, k);
    std::vector<float> update(n * k);
    for (size_t i = 0; i < g.size(); ++i) {
      momentum[i] = 0.9f * momentum[i] + 0.1f * g[i];
      update[i] = 0.9f * momentum[i] + 0.1f * g[i];
    }
    orthogonalise(run.exec.kernels, update, n, k);
    const double lr = 0.1 * 0.5, shape = std::sqrt(std::max(1.0, double(n) / double(k)));
    for (size_t i = 0; i < update.size(); ++i)
      ASSERT_NEAR(after[i], before[i] * (1 - lr * 0.5) - lr * shape * update[i], 1e-5)
          << "step " << step << " at " << i;
  }
}

TEST(Muon, TreatsEachExpertAsAMatrixOfItsOwn) {
  const auto step = [](float scale) {
    TinyRun run;
    OptimizerConfig c;
    c.matrices = MatrixOptimizer::muon;
    c.clip_norm = 0;
    Optimizer optimizer(c, run.config, run.model->weights);
    Param& p = run.model->weights.layers[1].expert_gate;
    for (size_t e = 0; e < p.count; ++e) {
      const std::vector<float> g = random_matrix(p.n, p.k, e);
      pack_rows(p.slice_grad(e), g.data(), p.k, p.n, p.k);
    }
    for (size_t i = 0; i < p.slice_size(); ++i) p.slice_grad(0)[i] *= scale;
    optimizer.step(run.exec, 1);
    return std::vector<float>(p.slice(1), p.slice(1) + p.slice_size());
  };
  EXPECT_TRUE(step(1) == step(1000));  // the first expert's gradient does not reach the second
}

}  // namespace
}  // namespace r1
