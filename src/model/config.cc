#include "model/config.h"

#include <algorithm>
#include <cmath>

namespace r1 {
namespace {

// Collects contradictions, so that the user sees all of them at once.
struct Findings {
  std::string text;
  void expect(bool holds, std::string_view field, std::string_view problem) {
    if (!holds) text += cat(text.empty() ? "" : "; ", field, " ", problem);
  }
};

void check_gqa(const ModelConfig& c, Findings& f) {
  f.expect(c.num_key_value_heads >= 1, "num_key_value_heads", "is 0; expected at least 1");
  f.expect(c.num_key_value_heads == 0 || c.num_attention_heads % c.num_key_value_heads == 0, "num_attention_heads",
           cat("is ", c.num_attention_heads, ", not a multiple of num_key_value_heads ", c.num_key_value_heads));
  f.expect(c.head_dim >= 1, "head_dim", "is 0; expected at least 1");
}

void check_mla(const ModelConfig& c, Findings& f) {
  f.expect(c.mla.kv_lora_rank >= 1, "kv_lora_rank", "is 0; expected at least 1");
  f.expect(c.mla.qk_nope_head_dim >= 1, "qk_nope_head_dim", "is 0; expected at least 1");
  f.expect(c.mla.qk_rope_head_dim >= 2, "qk_rope_head_dim",
           cat("is ", c.mla.qk_rope_head_dim, "; expected at least 2"));
  f.expect(c.mla.v_head_dim >= 1, "v_head_dim", "is 0; expected at least 1");
  f.expect(!c.qkv_bias, "attention_bias", "is true, which latent attention does not have here");
}

void check_moe(const ModelConfig& c, Findings& f) {
  const GateConfig& g = c.gate;
  f.expect(c.moe_intermediate_size >= 1, "moe_intermediate_size", "is 0; expected at least 1");
  f.expect(c.moe_layer_freq >= 1, "moe_layer_freq", "is 0; expected at least 1");
  f.expect(g.num_experts_per_tok >= 1 && g.num_experts_per_tok <= g.n_routed_experts, "num_experts_per_tok",
           cat("is ", g.num_experts_per_tok, ", but there are ", g.n_routed_experts, " experts"));
  f.expect(g.n_group >= 1 && g.n_routed_experts % std::max(1u, g.n_group) == 0, "n_group",
           cat("is ", g.n_group, ", which does not divide n_routed_experts ", g.n_routed_experts));
  f.expect(g.topk_group >= 1 && g.topk_group <= g.n_group, "topk_group",
           cat("is ", g.topk_group, "; expected 1 to n_group ", g.n_group));
  if (g.n_group >= 1 && g.topk_group <= g.n_group)
    f.expect(uint64_t(g.topk_group) * (g.n_routed_experts / g.n_group) >= g.num_experts_per_tok, "topk_group",
             cat("keeps ", g.topk_group * (g.n_routed_experts / g.n_group), " experts, fewer than num_experts_per_tok ",
                 g.num_experts_per_tok));
  f.expect(c.first_k_dense_replace <= c.num_hidden_layers, "first_k_dense_replace",
           cat("is ", c.first_k_dense_replace, ", more than num_hidden_layers ", c.num_hidden_layers));
  f.expect(g.routed_scaling_factor > 0 && std::isfinite(g.routed_scaling_factor), "routed_scaling_factor",
           cat("is ", g.routed_scaling_factor, "; expected a finite number above 0"));
}

void check_rope(const ModelConfig& c, Findings& f) {
  f.expect(c.rope.dim >= 2 && c.rope.dim % 2 == 0, "rope dimension",
           cat("is ", c.rope.dim, "; expected an even number of at least 2"));
  f.expect(c.rope.theta > 1 && std::isfinite(c.rope.theta), "rope_theta",
           cat("is ", c.rope.theta, "; expected a number above 1"));
  if (c.rope.scaling == RopeScaling::none) return;
  f.expect(c.rope.factor >= 1 && std::isfinite(c.rope.factor), "rope_scaling.factor",
           cat("is ", c.rope.factor, "; expected at least 1"));
  f.expect(c.rope.original_max_position >= 1, "rope_scaling.original_max_position_embeddings",
           "is 0; expected at least 1");
  if (c.rope.scaling == RopeScaling::llama3)
    f.expect(c.rope.high_freq_factor > c.rope.low_freq_factor && c.rope.low_freq_factor > 0,
             "rope_scaling.high_freq_factor",
             cat("is ", c.rope.high_freq_factor, "; expected more than low_freq_factor ", c.rope.low_freq_factor,
                 ", which is above 0"));
  if (c.rope.scaling == RopeScaling::yarn)
    f.expect(c.rope.beta_fast > c.rope.beta_slow && c.rope.beta_slow > 0, "rope_scaling.beta_fast",
             cat("is ", c.rope.beta_fast, "; expected more than beta_slow ", c.rope.beta_slow, ", which is above 0"));
  for (const auto& [name, value] :
       {std::pair{"rope_scaling.mscale", c.rope.mscale}, {"rope_scaling.mscale_all_dim", c.rope.mscale_all_dim}})
    f.expect(value >= 0 && value <= 100, name, cat("is ", value, "; expected 0 to 100"));
}

// Sizes beyond these are not models but mistakes. Below them no product of sizes overflows, and the tensor list stays
// in bounds.
void check_sizes(const ModelConfig& c, Findings& f) {
  constexpr uint64_t kWidth = 1u << 20, kRow = 1u << 24, kExperts = 1u << 18;
  const auto at_most = [&f](std::string_view name, uint64_t value, uint64_t limit) {
    f.expect(value <= limit, name, cat("is ", value, "; expected at most ", limit));
  };
  const MlaConfig& m = c.mla;
  at_most("vocab_size", c.vocab_size, kRow);
  at_most("num_hidden_layers", c.num_hidden_layers, 10000);
  for (const auto& [name, value] : {std::pair{"hidden_size", c.hidden_size},
                                    {"intermediate_size", c.intermediate_size},
                                    {"num_attention_heads", c.num_attention_heads},
                                    {"head_dim", c.head_dim},
                                    {"q_lora_rank", m.q_lora_rank},
                                    {"kv_lora_rank", m.kv_lora_rank},
                                    {"qk_nope_head_dim", m.qk_nope_head_dim},
                                    {"qk_rope_head_dim", m.qk_rope_head_dim},
                                    {"v_head_dim", m.v_head_dim},
                                    {"moe_intermediate_size", c.moe_intermediate_size}})
    at_most(name, value, kWidth);
  const uint64_t head_width = c.attention == AttentionKind::gqa
                                  ? c.head_dim
                                  : uint64_t(m.qk_nope_head_dim) + std::max(m.qk_rope_head_dim, m.v_head_dim);
  at_most("num_attention_heads times the width of a head", c.num_attention_heads * head_width, kRow);
  at_most("n_shared_experts times moe_intermediate_size", uint64_t(c.n_shared_experts) * c.moe_intermediate_size, kRow);
  at_most("num_hidden_layers times n_routed_experts", uint64_t(c.num_hidden_layers) * c.gate.n_routed_experts,
          kExperts);
}

}  // namespace

std::string_view family_name(Family family) {
  switch (family) {
    case Family::llama:
      return "llama";
    case Family::qwen2:
      return "qwen2";
    case Family::deepseek_v2:
      return "deepseek_v2";
    case Family::deepseek_v3:
      return "deepseek_v3";
  }
  return "";
}

Status validate(const ModelConfig& c, std::string_view where) {
  Findings f;
  f.expect(c.vocab_size >= 1, "vocab_size", "is 0; expected at least 1");
  f.expect(c.hidden_size >= 1, "hidden_size", "is 0; expected at least 1");
  f.expect(c.num_hidden_layers >= 1, "num_hidden_layers", "is 0; expected at least 1");
  f.expect(c.num_attention_heads >= 1, "num_attention_heads", "is 0; expected at least 1");
  f.expect(c.max_position_embeddings >= 1, "max_position_embeddings", "is 0; expected at least 1");
  f.expect(c.rms_norm_eps > 0 && c.rms_norm_eps < 1, "rms_norm_eps",
           cat("is ", c.rms_norm_eps, "; expected a number between 0 and 1"));
  f.expect(c.initializer_range >= 0 && std::isfinite(c.initializer_range), "initializer_range",
           cat("is ", c.initializer_range, "; expected a finite number of at least 0"));
  f.expect(c.num_nextn_predict_layers <= 1, "num_nextn_predict_layers",
           cat("is ", c.num_nextn_predict_layers, "; expected 0 or 1"));
  const bool all_moe = c.gate.n_routed_experts > 0 && c.first_k_dense_replace == 0 && c.moe_layer_freq == 1;
  f.expect(all_moe || c.intermediate_size >= 1, "intermediate_size", "is 0; expected at least 1");
  check_sizes(c, f);
  if (c.attention == AttentionKind::gqa)
    check_gqa(c, f);
  else
    check_mla(c, f);
  if (c.gate.n_routed_experts > 0) check_moe(c, f);
  check_rope(c, f);
  for (int64_t id : c.eos_token_ids)
    f.expect(id >= 0 && id < int64_t(c.vocab_size), "eos_token_id",
             cat("is ", id, ", outside the vocabulary of ", c.vocab_size));
  if (f.text.empty()) return {};
  return Error::invalid(std::string(where), f.text);
}

double attention_scale_of(const ModelConfig& c) {
  if (c.attention == AttentionKind::gqa) return 1 / std::sqrt(double(c.head_dim));
  const double width = double(c.mla.qk_nope_head_dim) + double(c.mla.qk_rope_head_dim);
  double scale = 1 / std::sqrt(width);
  if (c.rope.scaling == RopeScaling::yarn && c.rope.mscale_all_dim != 0) {
    const double m = yarn_mscale(c.rope.factor, c.rope.mscale_all_dim);
    scale *= m * m;
  }
  return scale;
}

}  // namespace r1
