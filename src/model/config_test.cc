// Presets: the published sizes; validate(): what may not be said.
#include "model/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "model/kv_cache.h"
#include "model/weights.h"

namespace r1 {
namespace {

ModelConfig named(std::string_view name) {
  auto c = preset(name);
  EXPECT_TRUE(c.ok()) << name;
  return c.ok() ? *c : ModelConfig{};
}

struct Count {
  const char* preset;
  uint64_t parameters;
};

// The main model's parameters, as published or as the published shapes add up.
constexpr Count kCounts[] = {
    {"deepseek-v3-671b", 671026419200},   {"deepseek-v2-236b", 235741434880},  {"deepseek-v2-lite", 15706484224},
    {"r1-distill-qwen-1.5b", 1777088000}, {"r1-distill-qwen-7b", 7615616512},  {"r1-distill-qwen-14b", 14770033664},
    {"r1-distill-qwen-32b", 32763876352}, {"r1-distill-llama-8b", 8030261248}, {"r1-distill-llama-70b", 70553706496}};

TEST(Presets, ParameterCounts) {
  for (const Count& c : kCounts) EXPECT_EQ(count_parameters(named(c.preset), false), c.parameters) << c.preset;
  // The MTP module on top: one more layer (its experts included), three norms and eh_proj.
  EXPECT_EQ(count_parameters(named("deepseek-v3-671b"), true), 671026419200 + 11610068224);
}

TEST(Presets, AreValidAndScaleAttention) {
  for (std::string_view name : preset_names()) {
    const ModelConfig c = named(name);
    const Status s = validate(c, name);
    EXPECT_TRUE(s.ok()) << s.error().text();
    EXPECT_EQ(c.attention_scale, attention_scale_of(c)) << name;
  }
  EXPECT_NEAR(named("deepseek-v3-671b").attention_scale, 0.1352338, 5e-8);
  EXPECT_NEAR(named("deepseek-v2-236b").attention_scale, 0.1147214, 5e-8);
  EXPECT_NEAR(named("deepseek-v2-lite").attention_scale, 0.1147214, 5e-8);
}

TEST(Presets, BytesOfCacheATokenTakes) {
  EXPECT_EQ(kv_bytes_per_token(named("deepseek-v3-671b")), 61u * (512 + 64) * 4);
  ModelConfig naive = named("deepseek-v3-671b");
  naive.mla.form = MlaForm::naive;
  EXPECT_EQ(kv_bytes_per_token(naive), 61u * 128 * (192 + 128) * 4);
  EXPECT_EQ(kv_bytes_per_token(named("r1-distill-qwen-1.5b")), 2 * 28672u);  // f32: twice the published bf16 figure
  EXPECT_EQ(kv_bytes_per_token(named("r1-distill-llama-70b")), 2 * 327680u);
  ModelConfig odd = named("tiny-v3");  // widths are padded to whole lanes
  odd.mla.kv_lora_rank = 41;
  EXPECT_EQ(kv_bytes_per_token(odd), 4u * 64 * 4);
  odd.mla.form = MlaForm::naive;  // keys of 24+16, values of 24
  EXPECT_EQ(kv_bytes_per_token(odd), 4u * 4 * (48 + 32) * 4);
}

TEST(Presets, AnUnknownNameListsTheKnownOnes) {
  const auto c = preset("deepseek-v4");
  ASSERT_FALSE(c.ok());
  EXPECT_NE(c.error().text().find("\"deepseek-v4\""), std::string::npos);
  for (std::string_view name : preset_names()) EXPECT_NE(c.error().text().find(name), std::string::npos) << name;
}

struct Contradiction {
  const char* preset;
  const char* finding;
  std::function<void(ModelConfig&)> make;
};

TEST(Validate, EachContradictionIsFound) {
  const std::vector<Contradiction> all = {
      {"tiny-v3", "vocab_size is 0", [](ModelConfig& c) { c.vocab_size = 0; }},
      {"tiny-v3", "hidden_size is 0", [](ModelConfig& c) { c.hidden_size = 0; }},
      {"tiny-v3", "intermediate_size is 0", [](ModelConfig& c) { c.intermediate_size = 0; }},
      {"tiny-v3", "num_hidden_layers is 0", [](ModelConfig& c) { c.num_hidden_layers = c.first_k_dense_replace = 0; }},
      {"tiny-v3", "num_attention_heads is 0", [](ModelConfig& c) { c.num_attention_heads = 0; }},
      {"tiny-v3", "max_position_embeddings is 0", [](ModelConfig& c) { c.max_position_embeddings = 0; }},
      {"tiny-v3", "rms_norm_eps is 0", [](ModelConfig& c) { c.rms_norm_eps = 0; }},
      {"tiny-v3", "rms_norm_eps is nan", [](ModelConfig& c) { c.rms_norm_eps = NAN; }},
      {"tiny-v3", "initializer_range is -1", [](ModelConfig& c) { c.initializer_range = -1; }},
      {"tiny-v3", "kv_lora_rank is 0", [](ModelConfig& c) { c.mla.kv_lora_rank = 0; }},
      {"tiny-v3", "qk_nope_head_dim is 0", [](ModelConfig& c) { c.mla.qk_nope_head_dim = 0; }},
      {"tiny-v3", "qk_rope_head_dim is 0", [](ModelConfig& c) { c.mla.qk_rope_head_dim = 0; }},
      {"tiny-v3", "v_head_dim is 0", [](ModelConfig& c) { c.mla.v_head_dim = 0; }},
      {"tiny-v3", "attention_bias is true", [](ModelConfig& c) { c.qkv_bias = true; }},
      {"tiny-v3", "moe_intermediate_size is 0", [](ModelConfig& c) { c.moe_intermediate_size = 0; }},
      {"tiny-v3", "moe_layer_freq is 0", [](ModelConfig& c) { c.moe_layer_freq = 0; }},
      {"tiny-v3", "num_experts_per_tok is 0", [](ModelConfig& c) { c.gate.num_experts_per_tok = 0; }},
      {"tiny-v3", "num_experts_per_tok is 5", [](ModelConfig& c) { c.gate.num_experts_per_tok = 5; }},
      {"tiny-v3", "n_group is 3", [](ModelConfig& c) { c.gate.n_group = 3; }},
      {"tiny-v3", "n_group is 0", [](ModelConfig& c) { c.gate.n_group = 0; }},
      {"tiny-v3", "topk_group is 2", [](ModelConfig& c) { c.gate.topk_group = 2; }},
      {"tiny-v3", "topk_group keeps 2 experts, fewer than num_experts_per_tok 3",
       [](ModelConfig& c) { c.gate.n_group = 2, c.gate.num_experts_per_tok = 3; }},
      {"tiny-v3", "routed_scaling_factor is 0", [](ModelConfig& c) { c.gate.routed_scaling_factor = 0; }},
      {"tiny-v3", "first_k_dense_replace is 5", [](ModelConfig& c) { c.first_k_dense_replace = 5; }},
      {"tiny-v3", "num_nextn_predict_layers is 2", [](ModelConfig& c) { c.num_nextn_predict_layers = 2; }},
      {"tiny-v3", "eos_token_id is -2", [](ModelConfig& c) { c.eos_token_ids = {-2}; }},
      {"tiny-v3", "rope dimension is 15", [](ModelConfig& c) { c.rope.dim = 15; }},
      {"tiny-v3", "rope_theta is 1", [](ModelConfig& c) { c.rope.theta = 1; }},
      {"tiny-qwen2", "num_key_value_heads is 0", [](ModelConfig& c) { c.num_key_value_heads = 0; }},
      {"tiny-qwen2", "num_attention_heads is 4, not a multiple of num_key_value_heads 3",
       [](ModelConfig& c) { c.num_key_value_heads = 3; }},
      {"tiny-qwen2", "head_dim is 0", [](ModelConfig& c) { c.head_dim = 0; }},
      {"r1-distill-llama-8b", "rope_scaling.factor is 0.5", [](ModelConfig& c) { c.rope.factor = 0.5; }},
      {"r1-distill-llama-8b", "original_max_position_embeddings is 0",
       [](ModelConfig& c) { c.rope.original_max_position = 0; }},
      {"r1-distill-llama-8b", "high_freq_factor is 1", [](ModelConfig& c) { c.rope.high_freq_factor = 1; }},
      {"deepseek-v3-671b", "beta_fast is 1", [](ModelConfig& c) { c.rope.beta_fast = 1; }},
      {"deepseek-v3-671b", "rope_scaling.mscale is -1", [](ModelConfig& c) { c.rope.mscale = -1; }},
  };
  for (const Contradiction& x : all) {
    ModelConfig c = named(x.preset);
    x.make(c);
    const Status s = validate(c, "here");
    ASSERT_FALSE(s.ok()) << x.finding;
    EXPECT_EQ(s.error().where, "here");
    EXPECT_NE(s.error().message.find(x.finding), std::string::npos) << s.error().message;
  }
}

}  // namespace
}  // namespace r1
