// The weights of a model, and the one list that drives counting, initialising, loading, saving and reports.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "model/config.h"
#include "tensor/param.h"

namespace r1 {

struct LayerWeights {
  Param input_norm, post_attention_norm;
  // GQA
  Param q, k, v, q_bias, k_bias, v_bias;
  // MLA. kv_b is held by head as its two halves: k_b maps q_nope to the latent (absorbed, [kv_lora_rank, nope] a head)
  // or the latent to keys (naive, [nope, kv_lora_rank]); v_b maps the latent to values ([v_head_dim, kv_lora_rank]).
  Param q_a, q_a_norm, q_b, kv_a, kv_a_norm, k_b, v_b;
  Param o;
  // A dense FFN, or the shared experts of a mixture.
  Param gate, up, down;
  Param router, route_bias, expert_gate, expert_up, expert_down;
};

// Multi-token prediction, depth 1 (V3 report, section 2.2). Embedding and head are the main model's.
struct MtpWeights {
  Param enorm, hnorm, eh_proj, norm;
  LayerWeights block;
};

struct Weights {
  Param embed, norm, head;  // head is empty when embeddings are tied
  std::vector<LayerWeights> layers;
  std::vector<MtpWeights> mtp;
};

enum class Role : uint8_t { embedding, head, norm, bias, matrix, router, route_bias, kv_b };

// One weight as files know it.
struct TensorSpec {
  std::string name;             // Hugging Face's
  uint64_t rows = 0, cols = 0;  // cols 0: a vector
  Role role = Role::matrix;
  bool mtp = false;
  // Where it lives: the Param (kv_b: k_b, with v_b beside it) and the matrix within.
  std::function<Param&(Weights&)> param;
  std::function<Param&(Weights&)> second;  // kv_b's v_b
  uint32_t slice = 0;

  uint64_t elements() const { return rows * (cols == 0 ? 1 : cols); }
};

// For each weight its name, shape, role and place. REQUIRES: a validated config.
std::vector<TensorSpec> tensor_list(const ModelConfig& config);
// Elements of the main model (with_mtp: of the MTP module too).
uint64_t count_parameters(const ModelConfig& config, bool with_mtp);

// Every Param of the model with memory, in the list's order. The same order everywhere: optimizer, checkpoints,
// clipping.
std::vector<Param*> all_params(const ModelConfig& config, Weights& weights);

// Shapes and memory for every weight, zeroed; gradients too if asked for.
Weights allocate_weights(const ModelConfig& config, bool with_grad, bool with_mtp);
// Normal(0, std) matrices, ones for norms, zeros for biases; drawn by name, so a weight's values depend on (seed,
// name).
void initialise(const ModelConfig& config, Weights& weights, uint64_t seed, float std_dev);

enum class Part : uint8_t { value, grad };
// Between a Param's place and logical row-major order, `spec.elements()` floats.
void write_tensor(Weights& weights, const ModelConfig& config, const TensorSpec& spec, const float* rows);
void read_tensor(Weights& weights, const ModelConfig& config, const TensorSpec& spec, Part part, float* rows);

}  // namespace r1
