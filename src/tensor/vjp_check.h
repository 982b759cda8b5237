// Checks an op's backward against central differences of its own forward. For *_test.cc files only.
//
// The loss is sum u*y for a fixed random u, summed in double. Differences are of fourth order with a step of 1/32, so
// that rounding (about 1e-7/h) and truncation (h^4) both stay near 1e-5 of a gradient like the outputs in size: the
// tolerance of 1e-3 plus the outputs' own rounding leaves room for neither a missing term nor a wrong factor. Inputs
// and steps are multiples of 2^-10: x + h is exact.
#pragma once
#include <gtest/gtest.h>

#include <deque>

#include "kernels/test_data.h"
#include "tensor/graph.h"
#include "tensor/param.h"

namespace r1::testing {

class VjpCheck {
 public:
  using Op = std::function<Tensor(Graph&)>;

  // Leaves hold random multiples of 2^-10 in offset +- 1. They live as long as the check.
  Tensor input(size_t rows, size_t cols, float offset = 0) {
    Tensor x(pool_, rows, cols);
    add_leaf(x.data(), x.grad(), x.size(), offset);
    return x;
  }
  Param& param(ParamLayout layout, size_t count, size_t n, size_t k = 1, float offset = 0) {
    Param& p = params_.emplace_back();
    p.layout = layout, p.count = count, p.n = n, p.k = k;
    p.allocate(true);
    Leaf& leaf = add_leaf(p.value.data(), p.grad.data(), p.storage(), offset);
    if (layout == ParamLayout::packed)
      for (size_t i = 0; i < leaf.size; ++i)
        if (i % p.slice_size() / (k * kLanes) * kLanes + i % kLanes >= n) leaf.value[i] = 0, leaf.live[i] = false;
    return p;
  }

  ::testing::AssertionResult operator()(const Op& op) {
    const Kernels& best = *all_kernels().front();
    const Run first = run(op, best, 1);
    for (const Kernels* kernels : all_kernels())
      for (const size_t threads : {1, 2, 3}) {
        const Run other = run(op, *kernels, threads);
        for (size_t i = 0; i < first.size(); ++i)
          if (const auto equal = same(other[i], first[i]); !equal)
            return ::testing::AssertionFailure()
                   << kernels->name << ", " << threads << " threads, array " << i << ": " << equal.message();
      }
    for (size_t l = 0; l < leaves_.size(); ++l)
      if (const auto good = check_leaf(op, l, first[l + 1], noise_of(first[0])); !good) return good;
    return ::testing::AssertionSuccess();
  }

  // The op's result on the leaves as they are.
  Floats forward(const Op& op, const Kernels& kernels = *all_kernels().front(), size_t threads = 1) {
    ThreadPool pool(threads);
    Graph g({kernels, pool}, pool_, false);
    const Tensor y = op(g);
    return Floats(y.data(), y.data() + y.size());
  }

 private:
  struct Leaf {
    float *value, *grad;
    size_t size;
    std::vector<bool> live;  // false: a dead lane of a panel
  };
  // The output, then each leaf's gradient.
  using Run = std::vector<Floats>;

  static float upstream(size_t i) { return float(uniform(5, 6, i) * 2 - 1); }
  // What stands in the gradient before: an op adds to it.
  static float before(size_t i) { return float(i % 7) / 8; }

  Leaf& add_leaf(float* value, float* grad, size_t size, float offset) {
    for (size_t i = 0; i < size; ++i) value[i] = offset + float(rng_.integer(-1023, 1023)) / 1024;
    return leaves_.emplace_back(Leaf{value, grad, size, std::vector<bool>(size, true)});
  }

  Run run(const Op& op, const Kernels& kernels, size_t threads) {
    for (const Leaf& leaf : leaves_)
      for (size_t i = 0; i < leaf.size; ++i) leaf.grad[i] = leaf.live[i] ? before(i) : 0.0f;
    ThreadPool pool(threads);
    Graph g({kernels, pool}, pool_, true);
    const Tensor y = op(g);
    for (size_t i = 0; i < y.size(); ++i) y.grad()[i] += upstream(i);
    Run result{Floats(y.data(), y.data() + y.size())};
    g.backward();
    for (const Leaf& leaf : leaves_) result.emplace_back(leaf.grad, leaf.grad + leaf.size);
    return result;
  }

  double loss(const Op& op) {
    const Floats y = forward(op);
    double sum = 0;
    for (size_t i = 0; i < y.size(); ++i) sum += double(y[i]) * upstream(i);
    return sum;
  }

  static constexpr float kStep = 0x1p-5f;

  // What two roundings of each output make of the difference.
  static double noise_of(const Floats& y) {
    double squares = 0;
    for (size_t i = 0; i < y.size(); ++i) squares += std::pow(double(y[i]) * upstream(i), 2);
    return 1.5 / double(kStep) * 2 * kUnit * std::sqrt(squares);
  }

  // d loss / d t of the leaf's values + t * direction.
  double slope(const Op& op, const Leaf& leaf, const Floats& direction) {
    const Floats at(leaf.value, leaf.value + leaf.size);
    const auto value = [&](float step) {
      for (size_t i = 0; i < leaf.size; ++i) leaf.value[i] = at[i] + step * direction[i];
      return loss(op);
    };
    constexpr float h = kStep;
    const double d = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * double(h));
    std::copy(at.begin(), at.end(), leaf.value);
    return d;
  }

  ::testing::AssertionResult check_leaf(const Op& op, size_t index, const Floats& after, double noise) {
    const Leaf& leaf = leaves_[index];
    Doubles gradient(leaf.size, 0.0);
    std::vector<size_t> live;
    double squares = 0;
    for (size_t i = 0; i < leaf.size; ++i) {
      if (leaf.live[i]) {
        live.push_back(i);
        gradient[i] = double(after[i]) - before(i);
        squares += gradient[i] * gradient[i];
      } else if (after[i] != 0) {
        return ::testing::AssertionFailure() << "leaf " << index << ": a dead lane has gradient " << after[i];
      }
    }
    const double typical = std::sqrt(squares / double(live.size()));
    if (!(typical > 1e-4)) return ::testing::AssertionFailure() << "leaf " << index << " has no gradient to check";
    const auto agrees = [&](const Floats& direction, double size) {
      double want = 0;
      for (size_t i = 0; i < leaf.size; ++i) want += gradient[i] * direction[i];
      const double found = slope(op, leaf, direction);
      if (near(want, found, 1e-3 * std::max(std::abs(found), typical * std::sqrt(size)) + noise))
        return ::testing::AssertionSuccess();
      return ::testing::AssertionFailure()
             << "leaf " << index << ": gradient " << want << ", difference " << found << ", typical " << typical;
    };
    Rng rng{7, index};
    for (size_t round = 0; round < std::min<size_t>(live.size(), 40); ++round) {
      const size_t i = live.size() <= 40 ? live[round] : live[size_t(rng.integer(0, int64_t(live.size()) - 1))];
      Floats direction(leaf.size, 0.0f);
      direction[i] = 1;
      if (const auto good = agrees(direction, 1); !good)
        return ::testing::AssertionFailure() << good.message() << " at " << i;
    }
    for (int round = 0; round < 3; ++round) {
      Floats direction(leaf.size, 0.0f);
      for (const size_t i : live) direction[i] = rng.chance(0.5) ? 1.0f : -1.0f;
      if (const auto good = agrees(direction, double(live.size())); !good)
        return ::testing::AssertionFailure() << good.message() << " along a direction";
    }
    return ::testing::AssertionSuccess();
  }

  Rng rng_{3, 4};
  BufferPool pool_;
  std::deque<Param> params_;
  std::vector<Leaf> leaves_;
};

}  // namespace r1::testing
