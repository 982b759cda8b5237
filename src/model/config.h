// ModelConfig: every fork of an architecture as a named field. Filled from config.json or a preset; never inferred from
// a size.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/moe.h"
#include "tensor/rope.h"

namespace r1 {

enum class Family : uint8_t { llama, qwen2, deepseek_v2, deepseek_v3 };
enum class AttentionKind : uint8_t { gqa, mla };
// absorbed: the cache holds the latent, keys and values stay multiplied into the query and the output. naive: the cache
// holds expanded keys and values. One form serves prefill, decode and training (design: MLA has one form).
enum class MlaForm : uint8_t { absorbed, naive };

struct MlaConfig {
  uint32_t q_lora_rank = 0;  // 0: a direct q_proj
  uint32_t kv_lora_rank = 0, qk_nope_head_dim = 0, qk_rope_head_dim = 0, v_head_dim = 0;
  MlaForm form = MlaForm::absorbed;
  float low_rank_norm_eps = 1e-6f;  // fixed in the reference, apart from rms_norm_eps
};

struct ModelConfig {
  Family family = Family::llama;
  uint32_t vocab_size = 0, hidden_size = 0, intermediate_size = 0, num_hidden_layers = 0;
  uint32_t num_attention_heads = 0, num_key_value_heads = 0, head_dim = 0;
  uint32_t max_position_embeddings = 0;
  float rms_norm_eps = 1e-6f;
  bool tie_word_embeddings = false;
  bool qkv_bias = false;
  AttentionKind attention = AttentionKind::gqa;
  MlaConfig mla;
  RopeConfig rope;
  double attention_scale = 0;  // of q.k, YaRN's temperature included
  // Mixture of experts; n_routed_experts 0 means dense throughout.
  GateConfig gate;
  uint32_t moe_intermediate_size = 0, n_shared_experts = 0, first_k_dense_replace = 0, moe_layer_freq = 1;
  uint32_t num_nextn_predict_layers = 0;  // MTP depth, 0 or 1
  float initializer_range = 0.02f;
  int64_t bos_token_id = -1, pad_token_id = -1;
  std::vector<int64_t> eos_token_ids;

  bool is_moe_layer(uint32_t layer) const {
    return gate.n_routed_experts > 0 && layer >= first_k_dense_replace && layer % moe_layer_freq == 0;
  }
};

std::string_view family_name(Family family);

// Every contradiction at once, a line each, as one error; the file or preset is named by `where`.
Status validate(const ModelConfig& config, std::string_view where);
// The scale of q.k: 1/sqrt(width), times YaRN's temperature squared where mscale_all_dim says so (V2/V3).
double attention_scale_of(const ModelConfig& config);

// Hugging Face config.json, both ways. Unknown model_type, rope type, topk_method or activation: an error naming it.
Result<ModelConfig> config_from_json(std::string_view text, std::string_view where);
std::string config_to_json(const ModelConfig& config);

// "tiny-v3", "deepseek-v3-671b", ... An unknown name is an error that lists the known ones.
Result<ModelConfig> preset(std::string_view name);
std::vector<std::string_view> preset_names();

}  // namespace r1
