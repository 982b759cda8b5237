// Rotary position embedding (Su et al. 2021), with the frequencies of plain RoPE, llama3 scaling, or YaRN.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tensor/graph.h"

namespace r1 {

// interleaved: the pair (2i, 2i+1); half_split: the pair (i, i + d/2).
enum class RopePairs : uint8_t { interleaved, half_split };
enum class RopeScaling : uint8_t { none, llama3, yarn };

struct RopeConfig {
  uint32_t dim = 0;
  double theta = 10000;
  RopePairs pairs = RopePairs::half_split;
  RopeScaling scaling = RopeScaling::none;
  double factor = 1;
  uint32_t original_max_position = 0;
  double low_freq_factor = 1, high_freq_factor = 4;                      // llama3
  double beta_fast = 32, beta_slow = 1, mscale = 1, mscale_all_dim = 0;  // YaRN (Peng et al. 2023)
};

// theta_i for each of dim/2 pairs, scaling applied.
std::vector<double> rope_frequencies(const RopeConfig& c);
// 0.1 * mscale * ln(factor) + 1 for factor > 1, else 1.
double yarn_mscale(double factor, double mscale);

// cos and sin for positions 0..max-1, [position][dim/2]; grown by whole tables, so a reader never sees a half-made one.
class RopeTable {
 public:
  explicit RopeTable(const RopeConfig& config);
  const RopeConfig& config() const { return config_; }
  // REQUIRES: called from the driving thread, before the positions are used.
  void reserve(size_t positions);
  const float* cos_row(size_t position) const { return cos_.data() + position * (config_.dim / 2); }
  const float* sin_row(size_t position) const { return sin_.data() + position * (config_.dim / 2); }

 private:
  RopeConfig config_;
  std::vector<double> frequencies_;
  double magnitude_ = 1;  // yarn: m(mscale) / m(mscale_all_dim)
  std::vector<float> cos_, sin_;
  size_t positions_ = 0;
};

// Rotates the last `dim` columns of each head: x [M, heads*d]; row r sits at positions[r].
Tensor rope(Graph& g, const Tensor& x, RopeTable& table, std::span<const uint32_t> positions, size_t heads);

}  // namespace r1
