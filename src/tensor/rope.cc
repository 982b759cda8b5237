#include "tensor/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/result.h"
#include "kernels/scalar_math.h"

namespace r1 {
namespace {

// YaRN, section 3.2: a linear ramp between the dimensions that turn beta_fast and beta_slow times over the original
// context.
double yarn_correction_dim(const RopeConfig& c, double rotations) {
  return double(c.dim) * exact_log(double(c.original_max_position) / (rotations * 2 * std::numbers::pi)) /
         (2 * exact_log(c.theta));
}

double yarn_frequency(const RopeConfig& c, double theta, size_t i) {
  const double low = std::max(std::floor(yarn_correction_dim(c, c.beta_fast)), 0.0);
  const double high = std::min(std::ceil(yarn_correction_dim(c, c.beta_slow)), double(c.dim) - 1);
  const double ramp = std::clamp((double(i) - low) / std::max(high - low, 0.001), 0.0, 1.0);
  return theta * (1 - ramp) + theta / c.factor * ramp;
}

double llama3_frequency(const RopeConfig& c, double theta) {
  const double wavelength = 2 * std::numbers::pi / theta, original = c.original_max_position;
  if (wavelength < original / c.high_freq_factor) return theta;
  if (wavelength > original / c.low_freq_factor) return theta / c.factor;
  const double smooth = (original / wavelength - c.low_freq_factor) / (c.high_freq_factor - c.low_freq_factor);
  return (1 - smooth) * theta / c.factor + smooth * theta;
}

// sign = 1 rotates, sign = -1 rotates back: the transpose, which is the vjp.
void rotate(const RopeConfig& c, const float* cos_row, const float* sin_row, float sign, const float* x, float* y,
            bool accumulate) {
  const size_t half = c.dim / 2;
  for (size_t i = 0; i < half; ++i) {
    const size_t a = c.pairs == RopePairs::interleaved ? 2 * i : i;
    const size_t b = c.pairs == RopePairs::interleaved ? 2 * i + 1 : i + half;
    const float s = sign * sin_row[i];
    const float ya = x[a] * cos_row[i] - x[b] * s, yb = x[a] * s + x[b] * cos_row[i];
    y[a] = accumulate ? y[a] + ya : ya;
    y[b] = accumulate ? y[b] + yb : yb;
  }
}

}  // namespace

double yarn_mscale(double factor, double mscale) { return factor <= 1 ? 1.0 : 0.1 * mscale * exact_log(factor) + 1.0; }

std::vector<double> rope_frequencies(const RopeConfig& c) {
  std::vector<double> out(c.dim / 2);
  for (size_t i = 0; i < out.size(); ++i) {
    const double theta = exact_pow(c.theta, -2.0 * double(i) / double(c.dim));
    switch (c.scaling) {
      case RopeScaling::none:
        out[i] = theta;
        break;
      case RopeScaling::llama3:
        out[i] = llama3_frequency(c, theta);
        break;
      case RopeScaling::yarn:
        out[i] = yarn_frequency(c, theta, i);
        break;
    }
  }
  return out;
}

RopeTable::RopeTable(const RopeConfig& config) : config_(config), frequencies_(rope_frequencies(config)) {
  if (config.scaling == RopeScaling::yarn)
    magnitude_ = yarn_mscale(config.factor, config.mscale) / yarn_mscale(config.factor, config.mscale_all_dim);
}

void RopeTable::reserve(size_t positions) {
  if (positions <= positions_) return;
  const size_t target = std::max<size_t>(round_up(positions, 64), positions_ * 2), half = config_.dim / 2;
  cos_.resize(target * half);
  sin_.resize(target * half);
  for (size_t p = positions_; p < target; ++p)
    for (size_t i = 0; i < half; ++i) {
      double s, c;
      exact_sin_cos(double(p) * frequencies_[i], s, c);
      cos_[p * half + i] = float(c * magnitude_);
      sin_[p * half + i] = float(s * magnitude_);
    }
  positions_ = target;
}

Tensor rope(Graph& g, const Tensor& x, RopeTable& table, std::span<const uint32_t> positions, size_t heads) {
  const RopeConfig& c = table.config();
  const size_t d = x.cols() / heads, begin = d - c.dim;
  CHECK(d * heads == x.cols() && d >= c.dim && positions.size() == x.rows());
  for (uint32_t p : positions) table.reserve(p + 1);
  Tensor y = g.make(x.rows(), x.cols());
  const auto run = [exec = g.exec, &table, heads, d, begin](std::span<const uint32_t> at, const float* from, float* to,
                                                            float sign, bool accumulate) {
    exec.pool.for_ranges(at.size(), [&](size_t row_begin, size_t row_end) {
      for (size_t r = row_begin; r < row_end; ++r)
        for (size_t h = 0; h < heads; ++h) {
          const float* in = from + (r * heads + h) * d;
          float* out = to + (r * heads + h) * d;
          if (accumulate)
            exec.kernels.add(out, out, in, begin);
          else
            std::copy_n(in, begin, out);
          rotate(table.config(), table.cos_row(at[r]), table.sin_row(at[r]), sign, in + begin, out + begin, accumulate);
        }
    });
  };
  run(positions, x.data(), y.data(), 1.0f, false);
  if (g.recording())
    g.record([run, x, y, at = std::vector<uint32_t>(positions.begin(), positions.end())] {
      run(at, y.grad(), x.grad(), -1.0f, true);
    });
  return y;
}

}  // namespace r1
