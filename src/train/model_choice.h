// Which model a run starts from: a preset with random weights, or a folder.
#pragma once
#include <string>

#include "bundle/bundle.h"
#include "format/config_visitor.h"

namespace r1 {

struct ModelChoice {
  std::string preset = "tiny-v3";  // used when `from` is empty
  std::string from;                // a Hugging Face folder or a run
  // Overrides of the preset's sizes; 0 keeps them.
  uint32_t hidden_size = 0, intermediate_size = 0, num_hidden_layers = 0, num_attention_heads = 0,
           num_key_value_heads = 0, head_dim = 0;
  uint32_t n_routed_experts = 0, num_experts_per_tok = 0, moe_intermediate_size = 0, first_k_dense_replace = 0,
           kv_lora_rank = 0, q_lora_rank = 0;
  uint32_t max_position_embeddings = 0;
  double initializer_range = 0.02;
};
void visit(ConfigVisitor& v, ModelChoice& c);

// The preset with its overrides and the tokenizer's facts (vocabulary, special ids), validated.
Result<ModelConfig> config_of(const ModelChoice& choice, const Tokenizer& tokenizer, const ChatTemplate& chat);

}  // namespace r1
