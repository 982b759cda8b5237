// config.json of each family, and every way in which it may be wrong.
#include <gtest/gtest.h>

#include <cmath>

#include "model/config.h"
#include "model/weights.h"

namespace r1 {
namespace {

constexpr std::string_view kLlama =
    R"({"model_type": "llama", "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336,
  "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 131072, "rms_norm_eps": 1e-05,
  "rope_theta": 500000.0, "rope_scaling": {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
  "original_max_position_embeddings": 8192, "rope_type": "llama3"}, "attention_bias": false, "mlp_bias": false, "hidden_act": "silu",
  "bos_token_id": 128000, "eos_token_id": [128001, 128008], "tie_word_embeddings": false, "torch_dtype": "bfloat16"})";

constexpr std::string_view kQwen =
    R"({"model_type": "qwen2", "vocab_size": 151936, "hidden_size": 1536, "intermediate_size": 8960,
  "num_hidden_layers": 28, "num_attention_heads": 12, "num_key_value_heads": 2, "max_position_embeddings": 131072, "rms_norm_eps": 1e-06,
  "rope_theta": 10000, "sliding_window": 4096, "use_sliding_window": false, "bos_token_id": 151643, "eos_token_id": 151643,
  "hidden_act": "silu", "tie_word_embeddings": false})";

constexpr std::string_view kV3 =
    R"({"model_type": "deepseek_v3", "vocab_size": 129280, "hidden_size": 7168, "intermediate_size": 18432,
  "moe_intermediate_size": 2048, "num_hidden_layers": 61, "num_nextn_predict_layers": 1, "num_attention_heads": 128, "num_key_value_heads": 128,
  "n_shared_experts": 1, "n_routed_experts": 256, "routed_scaling_factor": 2.5, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64,
  "v_head_dim": 128, "qk_nope_head_dim": 128, "topk_method": "noaux_tc", "n_group": 8, "topk_group": 4, "num_experts_per_tok": 8,
  "moe_layer_freq": 1, "first_k_dense_replace": 3, "norm_topk_prob": true, "scoring_func": "sigmoid", "hidden_act": "silu",
  "max_position_embeddings": 163840, "rms_norm_eps": 1e-06, "rope_theta": 10000, "attention_bias": false, "bos_token_id": 0, "eos_token_id": 1,
  "rope_scaling": {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096, "beta_fast": 32, "beta_slow": 1, "mscale": 1.0,
  "mscale_all_dim": 1.0}, "quantization_config": {"quant_method": "fp8"}})";

constexpr std::string_view kV2Lite =
    R"({"model_type": "deepseek_v2", "vocab_size": 102400, "hidden_size": 2048, "intermediate_size": 10944,
  "moe_intermediate_size": 1408, "num_hidden_layers": 27, "num_attention_heads": 16, "num_key_value_heads": 16, "n_shared_experts": 2,
  "n_routed_experts": 64, "routed_scaling_factor": 1.0, "kv_lora_rank": 512, "q_lora_rank": null, "qk_rope_head_dim": 64, "v_head_dim": 128,
  "qk_nope_head_dim": 128, "topk_method": "greedy", "n_group": 1, "topk_group": 1, "num_experts_per_tok": 6, "first_k_dense_replace": 1,
  "norm_topk_prob": false, "scoring_func": "softmax", "max_position_embeddings": 163840, "rms_norm_eps": 1e-06, "rope_theta": 10000,
  "eos_token_id": 100001, "rope_scaling": {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096, "beta_fast": 32,
  "beta_slow": 1, "mscale": 0.707, "mscale_all_dim": 0.707}})";

// `text` with the first `from` replaced; from must be there.
std::string with(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  const size_t at = out.find(from);
  EXPECT_NE(at, out.npos) << from;
  return at == out.npos ? out : out.replace(at, from.size(), to);
}

ModelConfig read(std::string_view text) {
  auto c = config_from_json(text, "config.json");
  EXPECT_TRUE(c.ok()) << (c.ok() ? "" : c.error().text());
  return c.ok() ? *c : ModelConfig{};
}

void expect_error(std::string_view text, std::initializer_list<std::string_view> parts) {
  const auto c = config_from_json(text, "m/config.json");
  ASSERT_FALSE(c.ok()) << text;
  EXPECT_EQ(c.error().text().substr(0, 13), "m/config.json") << c.error().text();
  for (std::string_view part : parts)
    EXPECT_NE(c.error().text().find(part), std::string::npos) << c.error().text() << "\nlacks " << part;
}

TEST(ConfigJson, Llama) {
  const ModelConfig c = read(kLlama);
  EXPECT_EQ(c.family, Family::llama);
  EXPECT_EQ(c.attention, AttentionKind::gqa);
  EXPECT_EQ(c.head_dim, 128u);
  EXPECT_FALSE(c.qkv_bias);
  EXPECT_EQ(c.rope.scaling, RopeScaling::llama3);
  EXPECT_EQ(c.rope.pairs, RopePairs::half_split);
  EXPECT_EQ(c.rope.original_max_position, 8192u);
  EXPECT_EQ(c.rms_norm_eps, 1e-5f);
  EXPECT_EQ(c.bos_token_id, 128000);
  EXPECT_EQ(c.eos_token_ids, (std::vector<int64_t>{128001, 128008}));
  EXPECT_TRUE(read(with(kLlama, "\"attention_bias\": false", "\"attention_bias\": true")).qkv_bias);
  EXPECT_EQ(read(with(kLlama, "\"attention_bias\"", "\"head_dim\": 64, \"attention_bias\"")).head_dim, 64u);
  EXPECT_EQ(read(with(kLlama, "\"num_key_value_heads\": 8,", "")).num_key_value_heads, 32u);
}

TEST(ConfigJson, Qwen2) {
  const ModelConfig c = read(kQwen);
  EXPECT_EQ(c.family, Family::qwen2);
  EXPECT_TRUE(c.qkv_bias);
  EXPECT_EQ(c.head_dim, 128u);
  EXPECT_EQ(c.rope.scaling, RopeScaling::none);
  EXPECT_EQ(c.eos_token_ids, std::vector<int64_t>{151643});
  EXPECT_NEAR(c.attention_scale, 1 / std::sqrt(128.0), 1e-15);
}

TEST(ConfigJson, DeepseekV3) {
  const ModelConfig c = read(kV3);
  EXPECT_EQ(c.family, Family::deepseek_v3);
  EXPECT_EQ(c.attention, AttentionKind::mla);
  EXPECT_EQ(c.mla.q_lora_rank, 1536u);
  EXPECT_EQ(c.mla.form, MlaForm::absorbed);
  EXPECT_EQ(c.mla.low_rank_norm_eps, 1e-6f);
  EXPECT_EQ(c.rope.dim, 64u);
  EXPECT_EQ(c.rope.pairs, RopePairs::interleaved);
  EXPECT_EQ(c.gate.scoring_func, ScoreFn::sigmoid);
  EXPECT_EQ(c.gate.group_score, GroupScore::top2_sum);
  EXPECT_TRUE(c.gate.has_correction_bias);
  EXPECT_TRUE(c.gate.norm_topk_prob);
  EXPECT_EQ(c.gate.topk_group, 4u);
  EXPECT_FALSE(c.is_moe_layer(2));
  EXPECT_TRUE(c.is_moe_layer(3));
  EXPECT_NEAR(c.attention_scale, 0.1352338, 5e-8);
  EXPECT_EQ(read(with(kV3, "\"attention_bias\"", "\"mla_form\": \"naive\", \"attention_bias\"")).mla.form,
            MlaForm::naive);
  EXPECT_EQ(read(with(kV3, "\"attention_bias\"", "\"rope_interleave\": false, \"attention_bias\"")).rope.pairs,
            RopePairs::half_split);
}

TEST(ConfigJson, DeepseekV2) {
  const ModelConfig c = read(kV2Lite);
  EXPECT_EQ(c.family, Family::deepseek_v2);
  EXPECT_EQ(c.mla.q_lora_rank, 0u);
  EXPECT_EQ(c.gate.scoring_func, ScoreFn::softmax);
  EXPECT_EQ(c.gate.group_score, GroupScore::max);
  EXPECT_FALSE(c.gate.has_correction_bias);
  EXPECT_FALSE(c.gate.norm_topk_prob);
  EXPECT_EQ(c.num_nextn_predict_layers, 0u);
  EXPECT_NEAR(c.attention_scale, 0.1147214, 5e-8);
  const ModelConfig grouped =
      read(with(with(kV2Lite, "\"greedy\", \"n_group\": 1", "\"group_limited_greedy\", \"n_group\": 8"),
                "\"topk_group\": 1", "\"topk_group\": 3"));
  EXPECT_EQ(grouped.gate.n_group, 8u);
  EXPECT_EQ(grouped.gate.topk_group, 3u);
}

// Plain "greedy" looks at no groups, whatever the file says about them.
TEST(ConfigJson, GreedyHasNoGroups) {
  EXPECT_EQ(read(with(kV2Lite, "\"n_group\": 1", "\"n_group\": 8")).gate.n_group, 1u);
}

TEST(ConfigJson, NewerFilesHoldThetaWithTheScaling) {
  const ModelConfig c = read(with(kQwen, "\"rope_theta\": 10000",
                                  "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 2500.0}"));
  EXPECT_EQ(c.rope.theta, 2500);
  EXPECT_EQ(c.rope.scaling, RopeScaling::none);
}

TEST(ConfigJson, EveryMissingFieldIsNamed) {
  for (std::string_view field : {"model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                                 "num_attention_heads", "max_position_embeddings", "kv_lora_rank", "qk_nope_head_dim",
                                 "qk_rope_head_dim", "v_head_dim", "num_experts_per_tok", "moe_intermediate_size"}) {
    const std::string quoted = cat("\"", field, "\"");
    expect_error(with(kV3, quoted, cat("\"other_", field, "\"")), {field, "is missing"});
    std::string null = with(kV3, quoted, cat(quoted, ": null, \"other\""));
    expect_error(null, {field, "is missing"});
  }
  expect_error(with(kV3, "\"factor\"", "\"other\""), {"rope_scaling: factor", "is missing"});
  expect_error(with(kV3, "\"original_max_position_embeddings\"", "\"other\""),
               {"rope_scaling: original_max_position_embeddings", "is missing"});
}

TEST(ConfigJson, UnknownValuesAreNamedWithTheKnownOnes) {
  expect_error(with(kV3, "deepseek_v3", "deepseek_v9"),
               {"model_type", "\"deepseek_v9\"", "llama, qwen2, deepseek_v2, deepseek_v3"});
  expect_error(with(kV3, "noaux_tc", "best"), {"topk_method", "\"best\"", "greedy, group_limited_greedy, noaux_tc"});
  expect_error(with(kV3, "sigmoid", "relu"), {"scoring_func", "\"relu\"", "softmax, sigmoid"});
  expect_error(with(kV3, "\"silu\"", "\"gelu\""), {"hidden_act", "\"gelu\"", "silu"});
  expect_error(with(kV3, "\"yarn\"", "\"longrope\""), {"rope_scaling: type", "\"longrope\"", "default, llama3, yarn"});
  expect_error(with(kV3, "\"attention_bias\"", "\"mla_form\": \"mixed\", \"attention_bias\""),
               {"mla_form", "\"mixed\"", "absorbed, naive"});
  expect_error(with(kQwen, "\"use_sliding_window\": false", "\"use_sliding_window\": true"),
               {"use_sliding_window", "is true"});
}

TEST(ConfigJson, WrongTypesAreNamed) {
  expect_error("", {});
  expect_error("[1]", {"an array of 1", "an object"});
  expect_error("{\"model_type\": \"llama\",", {"line 1"});
  expect_error(with(kV3, "7168", "\"7168\""), {"hidden_size", "\"7168\"", "an integer"});
  expect_error(with(kV3, "7168", "7168.5"), {"hidden_size", "7168.5", "an integer"});
  expect_error(with(kV3, "7168", "-1"), {"hidden_size", "-1"});
  expect_error(with(kV3, "\"attention_bias\": false", "\"attention_bias\": 0"), {"attention_bias", "true or false"});
  expect_error(with(kV3, "\"norm_topk_prob\": true", "\"norm_topk_prob\": \"yes\""),
               {"norm_topk_prob", "true or false"});
  expect_error(with(kV3, "\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": []"),
               {"rms_norm_eps", "an array of 0", "a number"});
  expect_error(with(kV3, "\"model_type\": \"deepseek_v3\"", "\"model_type\": 3"), {"model_type", "a string"});
  expect_error(with(kV3, "{\"type\": \"yarn\"", "[{\"type\": \"yarn\"") + "]", {});
  expect_error(with(kQwen, "\"rope_theta\": 10000", "\"rope_scaling\": 4"), {"rope_scaling", "4", "an object"});
  expect_error(with(kLlama, "[128001, 128008]", "[128001, true]"), {"eos_token_id[1]", "true", "an integer"});
}

TEST(ConfigJson, HugeNumbersAreRefused) {
  expect_error(with(kV3, "7168", "4294967296"), {"hidden_size", "4294967296"});
  expect_error(with(kV3, "7168", "99999999999999999999999"), {"hidden_size"});
  expect_error(with(kV3, "7168", "4294967295"), {"hidden_size", "4294967295", "at most"});
  expect_error(with(kV3, "\"qk_rope_head_dim\": 64", "\"qk_rope_head_dim\": 4294967294"),
               {"qk_rope_head_dim", "4294967294"});
  expect_error(with(kV3, "\"n_shared_experts\": 1", "\"n_shared_experts\": 4294967295"),
               {"n_shared_experts", "at most"});
  expect_error(with(kV3, "\"n_routed_experts\": 256", "\"n_routed_experts\": 65536"),
               {"num_hidden_layers times n_routed_experts"});
  expect_error(with(kV3, "\"num_attention_heads\": 128", "\"num_attention_heads\": 1048576"),
               {"num_attention_heads times"});
  expect_error(with(kV3, "\"num_hidden_layers\": 61", "\"num_hidden_layers\": 4294967295"), {"num_hidden_layers"});
  expect_error(with(kV3, "\"routed_scaling_factor\": 2.5", "\"routed_scaling_factor\": 1e39"),
               {"routed_scaling_factor"});
  expect_error(with(kV3, "\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 1e-60"), {"rms_norm_eps"});
  expect_error(with(kV3, "\"rope_theta\": 10000", "\"rope_theta\": 1e999"), {});
  expect_error(with(kV3, "\"mscale_all_dim\": 1.0", "\"mscale_all_dim\": 1e300"), {"mscale_all_dim"});
}

// A file with many contradictions names each of them, with its value.
TEST(ConfigJson, AllContradictionsAtOnce) {
  std::string text(kV3);
  for (const auto& [from, to] : {std::pair{"\"num_experts_per_tok\": 8", "\"num_experts_per_tok\": 300"},
                                 {"\"n_group\": 8", "\"n_group\": 7"},
                                 {"\"topk_group\": 4", "\"topk_group\": 9"},
                                 {"\"first_k_dense_replace\": 3", "\"first_k_dense_replace\": 62"},
                                 {"\"qk_rope_head_dim\": 64", "\"qk_rope_head_dim\": 63"},
                                 {"\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 2"},
                                 {"\"num_nextn_predict_layers\": 1", "\"num_nextn_predict_layers\": 2"},
                                 {"\"rope_theta\": 10000", "\"rope_theta\": 0"},
                                 {"\"beta_fast\": 32", "\"beta_fast\": 0.5"},
                                 {"\"eos_token_id\": 1", "\"eos_token_id\": 129280"},
                                 {"\"attention_bias\": false", "\"attention_bias\": true"},
                                 {"\"v_head_dim\": 128", "\"v_head_dim\": 0"}})
    text = with(text, from, to);
  expect_error(text, {"num_experts_per_tok is 300", "256 experts", "n_group is 7", "topk_group is 9",
                      "first_k_dense_replace is 62", "is 63", "rms_norm_eps is 2", "num_nextn_predict_layers is 2",
                      "rope_theta is 0", "beta_fast is 0.5", "eos_token_id is 129280", "attention_bias is true",
                      "v_head_dim is 0"});
}

TEST(ConfigJson, WhatNoPresetSaysIsWrittenToo) {
  ModelConfig c = read(kV3);
  c.rope.pairs = RopePairs::half_split;
  c.gate.norm_topk_prob = false;
  c.gate.scoring_func = ScoreFn::softmax;
  c.moe_layer_freq = 2;
  c.initializer_range = 0.25f;
  c.pad_token_id = 7;
  c.eos_token_ids = {4, 5};
  const ModelConfig again = read(config_to_json(c));
  EXPECT_EQ(again.rope.pairs, c.rope.pairs);
  EXPECT_FALSE(again.gate.norm_topk_prob);
  EXPECT_EQ(again.gate.scoring_func, ScoreFn::softmax);
  EXPECT_EQ(again.moe_layer_freq, 2u);
  EXPECT_EQ(again.initializer_range, 0.25f);
  EXPECT_EQ(again.bos_token_id, 0);
  EXPECT_EQ(again.pad_token_id, 7);
  EXPECT_EQ(again.eos_token_ids, c.eos_token_ids);
  ModelConfig biased = read(kLlama);
  biased.qkv_bias = true;
  biased.head_dim = biased.rope.dim = 64;
  biased.rope.low_freq_factor = 0.5;
  const ModelConfig biased_again = read(config_to_json(biased));
  EXPECT_TRUE(biased_again.qkv_bias);
  EXPECT_EQ(biased_again.head_dim, 64u);
  EXPECT_EQ(biased_again.rope.low_freq_factor, 0.5);
}

TEST(ConfigJson, EveryPresetGoesThroughJsonUnchanged) {
  for (std::string_view name : preset_names()) {
    auto c = preset(name);
    ASSERT_TRUE(c.ok());
    for (MlaForm form : {MlaForm::absorbed, MlaForm::naive}) {
      if (form == MlaForm::naive && c->attention == AttentionKind::gqa) continue;
      c->mla.form = form;
      const std::string text = config_to_json(*c);
      const ModelConfig again = read(text);
      EXPECT_EQ(config_to_json(again), text) << name;
      EXPECT_EQ(again.attention_scale, c->attention_scale) << name;
      EXPECT_EQ(again.mla.form, c->mla.form) << name;
      EXPECT_EQ(again.gate.group_score, c->gate.group_score) << name;
      EXPECT_EQ(again.gate.has_correction_bias, c->gate.has_correction_bias) << name;
      EXPECT_EQ(again.rope.pairs, c->rope.pairs) << name;
      EXPECT_EQ(again.rope.scaling, c->rope.scaling) << name;
      EXPECT_EQ(again.head_dim, c->head_dim) << name;
      EXPECT_EQ(count_parameters(again, true), count_parameters(*c, true)) << name;
    }
  }
}

}  // namespace
}  // namespace r1
