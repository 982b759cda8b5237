#include "model/weights.h"

#include <algorithm>

#include "base/rng.h"
#include "tensor/pack.h"

namespace r1 {
namespace {

using Member = Param LayerWeights::*;
using Locate = std::function<LayerWeights&(Weights&)>;

struct ListBuilder {
  const ModelConfig& c;
  std::vector<TensorSpec> list;

  void top(std::string name, uint64_t rows, uint64_t cols, Role role, Param Weights::*member) {
    list.push_back(
        {std::move(name), rows, cols, role, false, [member](Weights& w) -> Param& { return w.*member; }, {}, 0});
  }
  void in_layer(const std::string& prefix, const Locate& at, bool mtp, const char* name, uint64_t rows, uint64_t cols,
                Role role, Member m, uint32_t slice = 0) {
    list.push_back(
        {prefix + name, rows, cols, role, mtp, [at, m](Weights& w) -> Param& { return at(w).*m; }, {}, slice});
  }

  void gqa(const std::string& p, const Locate& at, bool mtp) {
    using L = LayerWeights;
    const uint64_t q = uint64_t(c.num_attention_heads) * c.head_dim, kv = uint64_t(c.num_key_value_heads) * c.head_dim,
                   d = c.hidden_size;
    in_layer(p, at, mtp, "self_attn.q_proj.weight", q, d, Role::matrix, &L::q);
    in_layer(p, at, mtp, "self_attn.k_proj.weight", kv, d, Role::matrix, &L::k);
    in_layer(p, at, mtp, "self_attn.v_proj.weight", kv, d, Role::matrix, &L::v);
    if (c.qkv_bias) {
      in_layer(p, at, mtp, "self_attn.q_proj.bias", q, 0, Role::bias, &L::q_bias);
      in_layer(p, at, mtp, "self_attn.k_proj.bias", kv, 0, Role::bias, &L::k_bias);
      in_layer(p, at, mtp, "self_attn.v_proj.bias", kv, 0, Role::bias, &L::v_bias);
    }
    in_layer(p, at, mtp, "self_attn.o_proj.weight", d, q, Role::matrix, &L::o);
  }

  void mla(const std::string& p, const Locate& at, bool mtp) {
    using L = LayerWeights;
    const MlaConfig& m = c.mla;
    const uint64_t h = c.num_attention_heads, d = c.hidden_size, q = h * (m.qk_nope_head_dim + m.qk_rope_head_dim);
    if (m.q_lora_rank > 0) {
      in_layer(p, at, mtp, "self_attn.q_a_proj.weight", m.q_lora_rank, d, Role::matrix, &L::q_a);
      in_layer(p, at, mtp, "self_attn.q_a_layernorm.weight", m.q_lora_rank, 0, Role::norm, &L::q_a_norm);
      in_layer(p, at, mtp, "self_attn.q_b_proj.weight", q, m.q_lora_rank, Role::matrix, &L::q_b);
    } else {
      in_layer(p, at, mtp, "self_attn.q_proj.weight", q, d, Role::matrix, &L::q);
    }
    in_layer(p, at, mtp, "self_attn.kv_a_proj_with_mqa.weight", m.kv_lora_rank + m.qk_rope_head_dim, d, Role::matrix,
             &L::kv_a);
    in_layer(p, at, mtp, "self_attn.kv_a_layernorm.weight", m.kv_lora_rank, 0, Role::norm, &L::kv_a_norm);
    in_layer(p, at, mtp, "self_attn.kv_b_proj.weight", h * (m.qk_nope_head_dim + m.v_head_dim), m.kv_lora_rank,
             Role::kv_b, &L::k_b);
    list.back().second = [at](Weights& w) -> Param& { return at(w).v_b; };
    in_layer(p, at, mtp, "self_attn.o_proj.weight", d, h * m.v_head_dim, Role::matrix, &L::o);
  }

  void ffn(const std::string& p, const Locate& at, bool mtp, const char* stem, uint64_t ff) {
    using L = LayerWeights;
    const uint64_t d = c.hidden_size;
    in_layer(p, at, mtp, cat(stem, "gate_proj.weight").c_str(), ff, d, Role::matrix, &L::gate);
    in_layer(p, at, mtp, cat(stem, "up_proj.weight").c_str(), ff, d, Role::matrix, &L::up);
    in_layer(p, at, mtp, cat(stem, "down_proj.weight").c_str(), d, ff, Role::matrix, &L::down);
  }

  void moe(const std::string& p, const Locate& at, bool mtp) {
    using L = LayerWeights;
    const uint64_t d = c.hidden_size, ff = c.moe_intermediate_size, n = c.gate.n_routed_experts;
    in_layer(p, at, mtp, "mlp.gate.weight", n, d, Role::router, &L::router);
    if (c.gate.has_correction_bias)
      in_layer(p, at, mtp, "mlp.gate.e_score_correction_bias", n, 0, Role::route_bias, &L::route_bias);
    for (uint32_t e = 0; e < n; ++e) {
      in_layer(p, at, mtp, cat("mlp.experts.", e, ".gate_proj.weight").c_str(), ff, d, Role::matrix, &L::expert_gate,
               e);
      in_layer(p, at, mtp, cat("mlp.experts.", e, ".up_proj.weight").c_str(), ff, d, Role::matrix, &L::expert_up, e);
      in_layer(p, at, mtp, cat("mlp.experts.", e, ".down_proj.weight").c_str(), d, ff, Role::matrix, &L::expert_down,
               e);
    }
    if (c.n_shared_experts > 0) ffn(p, at, mtp, "mlp.shared_experts.", ff * c.n_shared_experts);
  }

  void block(const std::string& p, const Locate& at, bool mtp, bool is_moe) {
    using L = LayerWeights;
    in_layer(p, at, mtp, "input_layernorm.weight", c.hidden_size, 0, Role::norm, &L::input_norm);
    if (c.attention == AttentionKind::mla)
      mla(p, at, mtp);
    else
      gqa(p, at, mtp);
    in_layer(p, at, mtp, "post_attention_layernorm.weight", c.hidden_size, 0, Role::norm, &L::post_attention_norm);
    if (is_moe)
      moe(p, at, mtp);
    else
      ffn(p, at, mtp, "mlp.", c.intermediate_size);
  }

  void mtp_module() {
    const std::string p = cat("model.layers.", c.num_hidden_layers, ".");
    const auto own = [&](const char* name, uint64_t rows, uint64_t cols, Role role, Param MtpWeights::*m) {
      list.push_back({p + name, rows, cols, role, true, [m](Weights& w) -> Param& { return w.mtp[0].*m; }, {}, 0});
    };
    own("enorm.weight", c.hidden_size, 0, Role::norm, &MtpWeights::enorm);
    own("hnorm.weight", c.hidden_size, 0, Role::norm, &MtpWeights::hnorm);
    own("eh_proj.weight", c.hidden_size, 2 * uint64_t(c.hidden_size), Role::matrix, &MtpWeights::eh_proj);
    block(
        p, [](Weights& w) -> LayerWeights& { return w.mtp[0].block; }, true, c.gate.n_routed_experts > 0);
    own("shared_head.norm.weight", c.hidden_size, 0, Role::norm, &MtpWeights::norm);
  }
};

// The Param's shape for a spec met first (slices of one Param agree). kv_b makes two.
void shape_param(const ModelConfig& c, const TensorSpec& s, Weights& w, uint32_t count) {
  Param& p = s.param(w);
  p.name = s.name;
  if (s.role == Role::kv_b) {
    const MlaConfig& m = c.mla;
    const bool absorbed = m.form == MlaForm::absorbed;
    p.layout = ParamLayout::packed;
    p.count = c.num_attention_heads;
    p.n = absorbed ? m.kv_lora_rank : m.qk_nope_head_dim;
    p.k = absorbed ? m.qk_nope_head_dim : m.kv_lora_rank;
    Param& v = s.second(w);
    v.name = s.name + ".v";
    v.layout = ParamLayout::packed;
    v.count = c.num_attention_heads;
    v.n = m.v_head_dim;
    v.k = m.kv_lora_rank;
    return;
  }
  p.count = count;
  p.n = s.rows;
  p.k = s.cols == 0 ? 1 : s.cols;
  const bool looked_up_only = s.role == Role::embedding && !c.tie_word_embeddings;
  p.layout = s.cols == 0 || looked_up_only ? ParamLayout::rows : ParamLayout::packed;
}

bool is_expert(const TensorSpec& s) { return s.name.find(".mlp.experts.") != std::string::npos; }

float* part_of(Param& p, Part part, size_t slice) {
  return (part == Part::value ? p.value.data() : p.grad.data()) + slice * p.slice_size();
}

// kv_b rows are head-major: nope key rows, then value rows, each over the latent.
void copy_kv_b(const ModelConfig& c, Param& k_b, Param& v_b, Part part, float* rows, bool writing) {
  const MlaConfig& m = c.mla;
  const size_t n = m.qk_nope_head_dim, v = m.v_head_dim, r = m.kv_lora_rank;
  std::vector<float> turned(n * r);
  for (size_t h = 0; h < c.num_attention_heads; ++h) {
    float* keys = rows + h * (n + v) * r;
    float* values = keys + n * r;
    float* packed = part_of(k_b, part, h);
    const bool absorbed = m.form == MlaForm::absorbed;
    if (writing) {
      if (absorbed)
        for (size_t i = 0; i < n; ++i)
          for (size_t j = 0; j < r; ++j) turned[j * n + i] = keys[i * r + j];
      pack_rows(packed, absorbed ? turned.data() : keys, k_b.k, k_b.n, k_b.k);
      pack_rows(part_of(v_b, part, h), values, r, v, r);
    } else {
      unpack_rows(absorbed ? turned.data() : keys, k_b.k, packed, k_b.n, k_b.k);
      if (absorbed)
        for (size_t i = 0; i < n; ++i)
          for (size_t j = 0; j < r; ++j) keys[i * r + j] = turned[j * n + i];
      unpack_rows(values, r, part_of(v_b, part, h), v, r);
    }
  }
}

}  // namespace

std::vector<TensorSpec> tensor_list(const ModelConfig& c) {
  ListBuilder b{c, {}};
  b.top("model.embed_tokens.weight", c.vocab_size, c.hidden_size, Role::embedding, &Weights::embed);
  for (uint32_t i = 0; i < c.num_hidden_layers; ++i)
    b.block(
        cat("model.layers.", i, "."), [i](Weights& w) -> LayerWeights& { return w.layers[i]; }, false,
        c.is_moe_layer(i));
  b.top("model.norm.weight", c.hidden_size, 0, Role::norm, &Weights::norm);
  if (!c.tie_word_embeddings) b.top("lm_head.weight", c.vocab_size, c.hidden_size, Role::head, &Weights::head);
  if (c.num_nextn_predict_layers > 0) b.mtp_module();
  return std::move(b.list);
}

uint64_t count_parameters(const ModelConfig& config, bool with_mtp) {
  uint64_t total = 0;
  for (const TensorSpec& s : tensor_list(config))
    if (with_mtp || !s.mtp) total += s.elements();
  return total;
}

Weights allocate_weights(const ModelConfig& config, bool with_grad, bool with_mtp) {
  Weights w;
  w.layers.resize(config.num_hidden_layers);
  if (with_mtp) w.mtp.resize(config.num_nextn_predict_layers);
  for (const TensorSpec& s : tensor_list(config)) {
    if (s.mtp && w.mtp.empty()) continue;
    if (is_expert(s) && s.slice > 0) continue;
    shape_param(config, s, w, is_expert(s) ? config.gate.n_routed_experts : 1);
    // The bias that serves the choice of experts gets no gradient (V3 report, section 2.1.2).
    const bool grad = with_grad && s.role != Role::route_bias;
    s.param(w).allocate(grad);
    if (s.second) s.second(w).allocate(grad);
  }
  return w;
}

std::vector<Param*> all_params(const ModelConfig& config, Weights& weights) {
  std::vector<Param*> params;
  for (const TensorSpec& s : tensor_list(config)) {
    if ((s.mtp && weights.mtp.empty()) || (is_expert(s) && s.slice > 0)) continue;
    params.push_back(&s.param(weights));
    if (s.second) params.push_back(&s.second(weights));
  }
  return params;
}

void initialise(const ModelConfig& config, Weights& weights, uint64_t seed, float std_dev) {
  std::vector<float> rows;
  for (const TensorSpec& s : tensor_list(config)) {
    if (s.mtp && weights.mtp.empty()) continue;
    rows.assign(s.elements(), 0.0f);
    if (s.role == Role::norm) std::fill(rows.begin(), rows.end(), 1.0f);
    if (s.cols > 0) {
      Rng rng{seed, hash64(s.name), 0};
      for (float& x : rows) x = float(rng.normal()) * std_dev;
    }
    write_tensor(weights, config, s, rows.data());
  }
}

void write_tensor(Weights& weights, const ModelConfig& config, const TensorSpec& s, const float* rows) {
  Param& p = s.param(weights);
  if (s.role == Role::kv_b) return copy_kv_b(config, p, s.second(weights), Part::value, const_cast<float*>(rows), true);
  float* to = part_of(p, Part::value, s.slice);
  if (p.layout == ParamLayout::packed)
    pack_rows(to, rows, p.k, p.n, p.k);
  else
    std::copy_n(rows, s.elements(), to);
}

void read_tensor(Weights& weights, const ModelConfig& config, const TensorSpec& s, Part part, float* rows) {
  Param& p = s.param(weights);
  if (s.role == Role::kv_b) return copy_kv_b(config, p, s.second(weights), part, rows, false);
  const float* from = part_of(p, part, s.slice);
  if (p.layout == ParamLayout::packed)
    unpack_rows(rows, p.k, from, p.n, p.k);
  else
    std::copy_n(from, s.elements(), rows);
}

}  // namespace r1
