#include "train/model_choice.h"

namespace r1 {

void visit(ConfigVisitor& v, ModelChoice& c) {
  v.field("preset", c.preset);
  v.field("from", c.from);
  v.field("hidden_size", c.hidden_size);
  v.field("intermediate_size", c.intermediate_size);
  v.field("num_hidden_layers", c.num_hidden_layers);
  v.field("num_attention_heads", c.num_attention_heads);
  v.field("num_key_value_heads", c.num_key_value_heads);
  v.field("head_dim", c.head_dim);
  v.field("n_routed_experts", c.n_routed_experts);
  v.field("num_experts_per_tok", c.num_experts_per_tok);
  v.field("moe_intermediate_size", c.moe_intermediate_size);
  v.field("first_k_dense_replace", c.first_k_dense_replace);
  v.field("kv_lora_rank", c.kv_lora_rank);
  v.field("q_lora_rank", c.q_lora_rank);
  v.field("max_position_embeddings", c.max_position_embeddings);
  v.field("initializer_range", c.initializer_range, above(0));
}

Result<ModelConfig> config_of(const ModelChoice& choice, const Tokenizer& tokenizer, const ChatTemplate& chat) {
  TRY_ASSIGN(ModelConfig c, preset(choice.preset));
  const auto override_with = [](uint32_t value, uint32_t& field) {
    if (value > 0) field = value;
  };
  override_with(choice.hidden_size, c.hidden_size);
  override_with(choice.intermediate_size, c.intermediate_size);
  override_with(choice.num_hidden_layers, c.num_hidden_layers);
  override_with(choice.num_attention_heads, c.num_attention_heads);
  override_with(choice.num_key_value_heads, c.num_key_value_heads);
  if (c.attention == AttentionKind::gqa && choice.head_dim == 0 && choice.hidden_size > 0)
    c.head_dim = c.hidden_size / std::max(1u, c.num_attention_heads);
  override_with(choice.head_dim, c.head_dim);
  override_with(choice.n_routed_experts, c.gate.n_routed_experts);
  override_with(choice.num_experts_per_tok, c.gate.num_experts_per_tok);
  override_with(choice.moe_intermediate_size, c.moe_intermediate_size);
  override_with(choice.first_k_dense_replace, c.first_k_dense_replace);
  override_with(choice.kv_lora_rank, c.mla.kv_lora_rank);
  override_with(choice.q_lora_rank, c.mla.q_lora_rank);
  override_with(choice.max_position_embeddings, c.max_position_embeddings);
  if (c.attention == AttentionKind::gqa) c.rope.dim = c.head_dim;
  c.initializer_range = float(choice.initializer_range);
  c.vocab_size = uint32_t(tokenizer.vocab_size());
  TRY_ASSIGN(c.bos_token_id, tokenizer.token_id(chat.bos));
  TRY_ASSIGN(const int eos, tokenizer.token_id(chat.eos));
  c.eos_token_ids = {eos};
  TRY(validate(c, "model"));
  c.attention_scale = attention_scale_of(c);
  return c;
}

}  // namespace r1
