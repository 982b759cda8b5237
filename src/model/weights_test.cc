// The list of weights, and the way of each between files and memory.
#include "model/weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/rng.h"

namespace r1 {
namespace {

ModelConfig named(std::string_view name, MlaForm form = MlaForm::absorbed) {
  ModelConfig c = *preset(name);
  c.mla.form = form;
  return c;
}

// A small V3 with every kind of tensor, of sizes that are no multiples of a panel.
ModelConfig odd_v3(MlaForm form) {
  ModelConfig c = named("tiny-v3", form);
  c.num_hidden_layers = 2;
  c.hidden_size = 19;
  c.intermediate_size = 23;
  c.vocab_size = 37;
  c.num_attention_heads = 3;
  c.tie_word_embeddings = false;
  c.mla = {7, 21, 5, 6, 9, form, 1e-6f};
  c.rope.dim = 6;
  c.gate.n_routed_experts = 5;
  c.moe_intermediate_size = 11;
  c.n_shared_experts = 2;
  EXPECT_TRUE(validate(c, "odd").ok());
  return c;
}

const TensorSpec* find(const std::vector<TensorSpec>& list, std::string_view name) {
  for (const TensorSpec& s : list)
    if (s.name == name) return &s;
  return nullptr;
}

void expect_shape(const std::vector<TensorSpec>& list, const std::string& name, uint64_t rows, uint64_t cols) {
  const TensorSpec* s = find(list, name);
  ASSERT_NE(s, nullptr) << name;
  EXPECT_EQ(s->rows, rows) << name;
  EXPECT_EQ(s->cols, cols) << name;
}

std::vector<float> random_rows(const TensorSpec& s, uint64_t seed) {
  Rng rng{seed, hash64(s.name), 0};
  std::vector<float> rows(s.elements());
  for (float& x : rows) x = float(rng.normal());
  return rows;
}

std::vector<float> read(Weights& w, const ModelConfig& c, const TensorSpec& s, Part part = Part::value) {
  std::vector<float> rows(s.elements());
  read_tensor(w, c, s, part, rows.data());
  return rows;
}

float packed_at(const Param& p, size_t slice, size_t row, size_t col) {
  return p.slice(slice)[row / kLanes * kLanes * p.k + col * kLanes + row % kLanes];
}

TEST(TensorList, DeepseekV3) {
  const auto list = tensor_list(named("deepseek-v3-671b"));
  std::set<std::string> names;
  size_t mtp = 0;
  for (const TensorSpec& s : list) {
    EXPECT_TRUE(names.insert(s.name).second) << s.name << " twice";
    EXPECT_EQ(s.mtp, s.name.starts_with("model.layers.61.")) << s.name;
    mtp += s.mtp;
  }
  EXPECT_EQ(list.size(), 3u + 3 * 12 + 59 * (14 + 3 * 256) + 4);
  EXPECT_EQ(mtp, 14u + 3 * 256 + 4);
  expect_shape(list, "model.embed_tokens.weight", 129280, 7168);
  expect_shape(list, "lm_head.weight", 129280, 7168);
  expect_shape(list, "model.norm.weight", 7168, 0);
  expect_shape(list, "model.layers.0.input_layernorm.weight", 7168, 0);
  expect_shape(list, "model.layers.60.post_attention_layernorm.weight", 7168, 0);
  expect_shape(list, "model.layers.0.self_attn.q_a_proj.weight", 1536, 7168);
  expect_shape(list, "model.layers.0.self_attn.q_a_layernorm.weight", 1536, 0);
  expect_shape(list, "model.layers.0.self_attn.q_b_proj.weight", 24576, 1536);
  expect_shape(list, "model.layers.0.self_attn.kv_a_proj_with_mqa.weight", 576, 7168);
  expect_shape(list, "model.layers.0.self_attn.kv_a_layernorm.weight", 512, 0);
  expect_shape(list, "model.layers.0.self_attn.kv_b_proj.weight", 32768, 512);
  expect_shape(list, "model.layers.0.self_attn.o_proj.weight", 7168, 16384);
  expect_shape(list, "model.layers.2.mlp.gate_proj.weight", 18432, 7168);
  expect_shape(list, "model.layers.2.mlp.down_proj.weight", 7168, 18432);
  expect_shape(list, "model.layers.3.mlp.gate.weight", 256, 7168);
  expect_shape(list, "model.layers.3.mlp.gate.e_score_correction_bias", 256, 0);
  expect_shape(list, "model.layers.3.mlp.experts.255.up_proj.weight", 2048, 7168);
  expect_shape(list, "model.layers.3.mlp.experts.0.down_proj.weight", 7168, 2048);
  expect_shape(list, "model.layers.60.mlp.shared_experts.gate_proj.weight", 2048, 7168);
  expect_shape(list, "model.layers.61.eh_proj.weight", 7168, 14336);
  expect_shape(list, "model.layers.61.enorm.weight", 7168, 0);
  expect_shape(list, "model.layers.61.hnorm.weight", 7168, 0);
  expect_shape(list, "model.layers.61.shared_head.norm.weight", 7168, 0);
  expect_shape(list, "model.layers.61.mlp.experts.7.gate_proj.weight", 2048, 7168);
  EXPECT_EQ(find(list, "model.layers.2.mlp.gate.weight"), nullptr) << "a dense layer has no router";
  EXPECT_EQ(find(list, "model.layers.3.mlp.gate_proj.weight"), nullptr);
  EXPECT_EQ(find(list, "model.layers.0.self_attn.q_proj.weight"), nullptr);
}

TEST(TensorList, TheOtherFamilies) {
  const auto lite = tensor_list(named("deepseek-v2-lite"));
  expect_shape(lite, "model.layers.0.self_attn.q_proj.weight", 3072, 2048);
  expect_shape(lite, "model.layers.1.mlp.shared_experts.up_proj.weight", 2816, 2048);
  EXPECT_EQ(find(lite, "model.layers.1.mlp.gate.e_score_correction_bias"), nullptr);
  EXPECT_EQ(find(lite, "model.layers.0.self_attn.q_a_proj.weight"), nullptr);
  const auto qwen = tensor_list(named("r1-distill-qwen-1.5b"));
  EXPECT_EQ(qwen.size(), 3u + 28 * 12);
  expect_shape(qwen, "model.layers.0.self_attn.k_proj.weight", 256, 1536);
  expect_shape(qwen, "model.layers.0.self_attn.q_proj.bias", 1536, 0);
  expect_shape(qwen, "model.layers.27.self_attn.v_proj.bias", 256, 0);
  EXPECT_EQ(find(qwen, "model.layers.0.self_attn.o_proj.bias"), nullptr);
  const auto llama = tensor_list(named("r1-distill-llama-8b"));
  EXPECT_EQ(llama.size(), 3u + 32 * 9);
  expect_shape(llama, "model.layers.31.self_attn.o_proj.weight", 4096, 4096);
  EXPECT_EQ(find(tensor_list(named("llama-135m")), "lm_head.weight"), nullptr) << "tied";
}

class EachForm : public testing::TestWithParam<MlaForm> {};
INSTANTIATE_TEST_SUITE_P(Mla, EachForm, testing::Values(MlaForm::absorbed, MlaForm::naive));

TEST_P(EachForm, WhatIsWrittenIsRead) {
  const ModelConfig c = odd_v3(GetParam());
  Weights w = allocate_weights(c, true, true);
  const auto list = tensor_list(c);
  for (const TensorSpec& s : list) write_tensor(w, c, s, random_rows(s, 1).data());
  for (const TensorSpec& s : list) EXPECT_EQ(read(w, c, s), random_rows(s, 1)) << s.name;
  // Gradients take the same places, and are others' memory.
  for (Param* p : all_params(c, w)) std::swap(p->value, p->grad);
  for (const TensorSpec& s : list) {
    if (s.role == Role::route_bias) continue;
    EXPECT_EQ(read(w, c, s, Part::grad), random_rows(s, 1)) << s.name;
    EXPECT_EQ(read(w, c, s), std::vector<float>(s.elements(), 0.0f)) << s.name;
  }
}

// Head h's rows of kv_b are first its keys', then its values'.
TEST_P(EachForm, KvBIsHeldInHalvesByHead) {
  const ModelConfig c = odd_v3(GetParam());
  Weights w = allocate_weights(c, false, true);
  const auto list = tensor_list(c);
  const TensorSpec& s = *find(list, "model.layers.1.self_attn.kv_b_proj.weight");
  const std::vector<float> rows = random_rows(s, 2);
  write_tensor(w, c, s, rows.data());
  const size_t nope = c.mla.qk_nope_head_dim, v = c.mla.v_head_dim, latent = c.mla.kv_lora_rank;
  const Param &k_b = w.layers[1].k_b, &v_b = w.layers[1].v_b;
  for (size_t h = 0; h < c.num_attention_heads; ++h)
    for (size_t l = 0; l < latent; ++l) {
      const auto row = [&](size_t i) { return rows[(h * (nope + v) + i) * latent + l]; };
      for (size_t i = 0; i < nope; ++i)
        EXPECT_EQ(GetParam() == MlaForm::absorbed ? packed_at(k_b, h, l, i) : packed_at(k_b, h, i, l), row(i));
      for (size_t i = 0; i < v; ++i) EXPECT_EQ(packed_at(v_b, h, i, l), row(nope + i));
    }
}

TEST_P(EachForm, ParamsAreListedOnceWithTheirGradients) {
  const ModelConfig c = odd_v3(GetParam());
  Weights trained = allocate_weights(c, true, true), plain = allocate_weights(c, false, false);
  std::set<const Param*> seen;
  std::set<std::string> names;
  uint64_t elements = 0;
  for (const Param* p : all_params(c, trained)) {
    EXPECT_TRUE(seen.insert(p).second && names.insert(p->name).second) << p->name;
    EXPECT_EQ(p->value.size(), p->storage()) << p->name;
    EXPECT_EQ(p->trainable(), p->name.find("correction_bias") == std::string::npos) << p->name;
    elements += p->count * p->n * p->k;
  }
  EXPECT_EQ(elements, count_parameters(c, true));
  EXPECT_TRUE(plain.mtp.empty());
  for (const Param* p : all_params(c, plain)) {
    EXPECT_FALSE(p->trainable()) << p->name;
    EXPECT_FALSE(p->name.starts_with("model.layers.2.")) << p->name;
  }
}

TEST(Initialise, DependsOnSeedAndNameOnly) {
  const ModelConfig absorbed = odd_v3(MlaForm::absorbed), naive = odd_v3(MlaForm::naive);
  Weights a = allocate_weights(absorbed, true, true), b = allocate_weights(naive, false, false),
          other = allocate_weights(absorbed, false, true);
  initialise(absorbed, a, 5, 0.1f);
  initialise(naive, b, 5, 0.1f);
  initialise(absorbed, other, 6, 0.1f);
  std::set<float> firsts;
  for (const TensorSpec& s : tensor_list(absorbed)) {
    const std::vector<float> values = read(a, absorbed, s);
    EXPECT_EQ(s.mtp ? values : read(b, naive, s), values) << s.name;
    if (s.cols == 0) {
      EXPECT_EQ(values, std::vector<float>(s.rows, s.role == Role::norm ? 1.0f : 0.0f)) << s.name;
      continue;
    }
    EXPECT_NE(read(other, absorbed, s), values) << s.name;
    EXPECT_TRUE(firsts.insert(values[0]).second) << s.name << " begins like another weight";
  }
}

TEST(Initialise, IsNormalWithTheDeviationAsked) {
  const ModelConfig c = named("tiny-v3");
  Weights w = allocate_weights(c, false, true);
  initialise(c, w, 1, 0.02f);
  for (const TensorSpec& s : tensor_list(c)) {
    if (s.cols == 0) continue;
    double sum = 0, squares = 0;
    const std::vector<float> values = read(w, c, s);
    for (float v : values) {
      EXPECT_LT(std::abs(v), 0.02 * 6);
      sum += v;
      squares += double(v) * v;
    }
    const double n = double(values.size()), deviation = 0.02;
    EXPECT_NEAR(sum / n, 0, 5 * deviation / std::sqrt(n)) << s.name;
    EXPECT_NEAR(std::sqrt(squares / n), deviation, 5 * deviation / std::sqrt(2 * n)) << s.name;
  }
}

}  // namespace
}  // namespace r1
