// Named configurations, tiny to real size. The real ones state the published config.json of each model.
#include <array>

#include "model/config.h"

namespace r1 {
namespace {

ModelConfig dense(Family family, uint32_t layers, uint32_t d, uint32_t heads, uint32_t kv, uint32_t ff, uint32_t vocab,
                  double theta, uint32_t context, float eps, bool tied) {
  ModelConfig c;
  c.family = family;
  c.num_hidden_layers = layers;
  c.hidden_size = d;
  c.num_attention_heads = heads;
  c.num_key_value_heads = kv;
  c.head_dim = d / heads;
  c.intermediate_size = ff;
  c.vocab_size = vocab;
  c.max_position_embeddings = context;
  c.rms_norm_eps = eps;
  c.tie_word_embeddings = tied;
  c.qkv_bias = family == Family::qwen2;
  c.rope = {c.head_dim, theta, RopePairs::half_split};
  return c;
}

ModelConfig llama3_scaled(ModelConfig c) {
  c.rope.scaling = RopeScaling::llama3;
  c.rope.factor = 8;
  c.rope.original_max_position = 8192;
  return c;
}

ModelConfig deepseek(Family family, uint32_t layers, uint32_t d, uint32_t heads, uint32_t ff, uint32_t vocab,
                     uint32_t q_lora_rank, double mscale) {
  ModelConfig c;
  c.family = family;
  c.attention = AttentionKind::mla;
  c.num_hidden_layers = layers;
  c.hidden_size = d;
  c.num_attention_heads = heads;
  c.intermediate_size = ff;
  c.vocab_size = vocab;
  c.max_position_embeddings = 163840;
  c.mla = {q_lora_rank, 512, 128, 64, 128, MlaForm::absorbed, 1e-6f};
  c.rope = {64, 10000, RopePairs::interleaved, RopeScaling::yarn, 40, 4096, 1, 4, 32, 1, mscale, mscale};
  return c;
}

ModelConfig deepseek_v3_671b() {
  ModelConfig c = deepseek(Family::deepseek_v3, 61, 7168, 128, 18432, 129280, 1536, 1.0);
  c.gate = {256, 8, 8, 4, ScoreFn::sigmoid, GroupScore::top2_sum, true, 2.5f, true};
  c.moe_intermediate_size = 2048;
  c.n_shared_experts = 1;
  c.first_k_dense_replace = 3;
  c.num_nextn_predict_layers = 1;
  c.bos_token_id = 0;
  c.eos_token_ids = {1};
  return c;
}

ModelConfig deepseek_v2_236b() {
  ModelConfig c = deepseek(Family::deepseek_v2, 60, 5120, 128, 12288, 102400, 1536, 0.707);
  c.gate = {160, 6, 8, 3, ScoreFn::softmax, GroupScore::max, false, 16.0f, false};
  c.moe_intermediate_size = 1536;
  c.n_shared_experts = 2;
  c.first_k_dense_replace = 1;
  return c;
}

ModelConfig deepseek_v2_lite() {
  ModelConfig c = deepseek(Family::deepseek_v2, 27, 2048, 16, 10944, 102400, 0, 0.707);
  c.gate = {64, 6, 1, 1, ScoreFn::softmax, GroupScore::max, false, 1.0f, false};
  c.moe_intermediate_size = 1408;
  c.n_shared_experts = 2;
  c.first_k_dense_replace = 1;
  return c;
}

// The quickstart's model: every part of DeepSeek-V3 at a hundred-thousandth of its size. vocab_size is set by the
// tokenizer.
ModelConfig tiny_v3() {
  ModelConfig c;
  c.family = Family::deepseek_v3;
  c.attention = AttentionKind::mla;
  c.num_hidden_layers = 4;
  c.hidden_size = 96;
  c.num_attention_heads = 4;
  c.intermediate_size = 256;
  c.vocab_size = 512;
  c.max_position_embeddings = 512;
  c.tie_word_embeddings = true;
  c.mla = {0, 48, 24, 16, 24, MlaForm::absorbed, 1e-6f};
  c.rope = {16, 10000, RopePairs::interleaved};
  c.gate = {4, 1, 1, 1, ScoreFn::sigmoid, GroupScore::top2_sum, true, 1.0f, true};
  c.moe_intermediate_size = 128;
  c.n_shared_experts = 1;
  c.first_k_dense_replace = 1;
  c.num_nextn_predict_layers = 1;
  return c;
}

struct Named {
  std::string_view name;
  ModelConfig (*make)();
};

constexpr std::array kPresets = {
    Named{"tiny-v3", tiny_v3},
    Named{"tiny-llama", [] { return dense(Family::llama, 4, 96, 4, 2, 256, 512, 10000, 512, 1e-6f, true); }},
    Named{"tiny-qwen2", [] { return dense(Family::qwen2, 4, 96, 4, 2, 256, 512, 10000, 512, 1e-6f, true); }},
    Named{"llama-135m", [] { return dense(Family::llama, 30, 576, 9, 3, 1536, 49152, 10000, 8192, 1e-5f, true); }},
    Named{"r1-distill-qwen-1.5b",
          [] { return dense(Family::qwen2, 28, 1536, 12, 2, 8960, 151936, 10000, 131072, 1e-6f, false); }},
    Named{"r1-distill-qwen-7b",
          [] { return dense(Family::qwen2, 28, 3584, 28, 4, 18944, 152064, 10000, 131072, 1e-6f, false); }},
    Named{"r1-distill-qwen-14b",
          [] { return dense(Family::qwen2, 48, 5120, 40, 8, 13824, 152064, 1e6, 131072, 1e-5f, false); }},
    Named{"r1-distill-qwen-32b",
          [] { return dense(Family::qwen2, 64, 5120, 40, 8, 27648, 152064, 1e6, 131072, 1e-5f, false); }},
    Named{"r1-distill-llama-8b",
          [] {
            return llama3_scaled(dense(Family::llama, 32, 4096, 32, 8, 14336, 128256, 500000, 131072, 1e-5f, false));
          }},
    Named{"r1-distill-llama-70b",
          [] {
            return llama3_scaled(dense(Family::llama, 80, 8192, 64, 8, 28672, 128256, 500000, 131072, 1e-5f, false));
          }},
    Named{"deepseek-v2-lite", deepseek_v2_lite},
    Named{"deepseek-v2-236b", deepseek_v2_236b},
    Named{"deepseek-v3-671b", deepseek_v3_671b},
};

}  // namespace

std::vector<std::string_view> preset_names() {
  std::vector<std::string_view> names;
  for (const Named& p : kPresets) names.push_back(p.name);
  return names;
}

Result<ModelConfig> preset(std::string_view name) {
  std::string known;
  for (const Named& p : kPresets) {
    if (p.name == name) {
      ModelConfig c = p.make();
      c.attention_scale = attention_scale_of(c);
      return c;
    }
    known += cat(known.empty() ? "" : ", ", p.name);
  }
  return Error::invalid("preset", cat("is \"", name, "\"; expected one of ", known));
}

}  // namespace r1
