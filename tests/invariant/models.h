// Small models of every family with random sizes and weights, and the reference ones of tests/parity.
#pragma once
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "base/rng.h"
#include "model/forward.h"

namespace r1 {

enum class Kind : uint8_t { llama, qwen2, deepseek_v2, deepseek_v3, deepseek_v3_direct_q };
// wide: products of a single row are large enough for the thread pool to cut them.
enum class Width : uint8_t { narrow, wide };

struct Case {
  std::string name;
  Kind kind = Kind::llama;
  MlaForm form = MlaForm::absorbed;
  uint64_t seed = 0;  // of sizes and weights
  Width width = Width::narrow;
  std::string reference;  // a folder of tests/parity/reference instead
};

inline void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// Every family x form of latent attention, for each of `seeds` seeds. Odd seeds have tied embeddings where the family
// may.
std::vector<Case> random_cases(uint64_t seeds, Width width = Width::narrow);
std::vector<Case> reference_cases();
std::vector<Case> joined(std::vector<Case> a, const std::vector<Case>& b);
std::string case_name(const testing::TestParamInfo<Case>& info);

ModelConfig config_of(const Case& c);
Model model_of(const Case& c, bool with_grad = false);

std::vector<int> random_tokens(Rng& rng, size_t n, const ModelConfig& config);
std::vector<std::vector<int>> random_sequences(Rng& rng, size_t count, size_t longest, const ModelConfig& config);

}  // namespace r1
