// ModelConfig from and to Hugging Face's config.json.
#include <charconv>

#include "format/json_parse.h"
#include "model/config.h"

namespace r1 {
namespace {

using nlohmann::json;

// Reads fields of one object; null counts as absent, as in the published files.
struct Fields {
  const json& object;
  std::string where;

  const json* find(const char* key) const {
    const auto it = object.find(key);
    return it == object.end() || it->is_null() ? nullptr : &*it;
  }
  template <class T>
  Status read(const char* key, T& into) const {
    const json* value = find(key);
    if (value == nullptr) return {};
    TRY_ASSIGN(into, json_as<T>(*value, cat(where, ": ", key)));
    return {};
  }
  template <class T>
  Status require(const char* key, T& into) const {
    if (find(key) == nullptr) return Error::invalid(cat(where, ": ", key), "is missing");
    return read(key, into);
  }
  // The index of the field's text in `names`, or an error that lists them.
  Result<size_t> choice(const char* key, size_t absent, std::initializer_list<std::string_view> names) const {
    if (find(key) == nullptr) return absent;
    std::string text;
    TRY(read(key, text));
    size_t i = 0;
    std::string known;
    for (std::string_view name : names) {
      if (name == text) return i;
      known += cat(known.empty() ? "" : ", ", name);
      ++i;
    }
    return Error::invalid(cat(where, ": ", key), cat("is \"", text, "\"; expected one of ", known));
  }
};

Status read_rope_scaling(const Fields& root, ModelConfig& c) {
  const char* name = root.find("rope_scaling") != nullptr
                         ? "rope_scaling"
                         : "rope_parameters";  // newer files' name, which holds the theta too
  const json* object = root.find(name);
  if (object == nullptr) return {};
  Fields f{*object, cat(root.where, ": ", name)};
  TRY(expect_json_object(*object, f.where));
  TRY(f.read("rope_theta", c.rope.theta));
  const char* type_key = f.find("rope_type") != nullptr ? "rope_type" : "type";
  TRY_ASSIGN(const size_t kind, f.choice(type_key, 0, {"default", "llama3", "yarn"}));
  c.rope.scaling = kind == 0 ? RopeScaling::none : kind == 1 ? RopeScaling::llama3 : RopeScaling::yarn;
  if (c.rope.scaling == RopeScaling::none) return {};
  TRY(f.require("factor", c.rope.factor));
  TRY(f.require("original_max_position_embeddings", c.rope.original_max_position));
  TRY(f.read("low_freq_factor", c.rope.low_freq_factor));
  TRY(f.read("high_freq_factor", c.rope.high_freq_factor));
  TRY(f.read("beta_fast", c.rope.beta_fast));
  TRY(f.read("beta_slow", c.rope.beta_slow));
  c.rope.mscale_all_dim = 0;
  TRY(f.read("mscale", c.rope.mscale));
  TRY(f.read("mscale_all_dim", c.rope.mscale_all_dim));
  return {};
}

Status read_token_ids(const Fields& f, ModelConfig& c) {
  TRY(f.read("bos_token_id", c.bos_token_id));
  TRY(f.read("pad_token_id", c.pad_token_id));
  if (const json* eos = f.find("eos_token_id"); eos != nullptr && eos->is_array())
    return f.read("eos_token_id", c.eos_token_ids);
  int64_t id = -1;
  TRY(f.read("eos_token_id", id));
  if (id >= 0) c.eos_token_ids = {id};
  return {};
}

Status read_moe(const Fields& f, ModelConfig& c) {
  GateConfig& g = c.gate;
  TRY(f.read("n_routed_experts", g.n_routed_experts));
  if (g.n_routed_experts == 0) return {};
  TRY(f.require("num_experts_per_tok", g.num_experts_per_tok));
  TRY(f.require("moe_intermediate_size", c.moe_intermediate_size));
  TRY(f.read("n_shared_experts", c.n_shared_experts));
  TRY(f.read("first_k_dense_replace", c.first_k_dense_replace));
  TRY(f.read("moe_layer_freq", c.moe_layer_freq));
  TRY(f.read("routed_scaling_factor", g.routed_scaling_factor));
  g.norm_topk_prob = c.family == Family::deepseek_v3;
  TRY(f.read("norm_topk_prob", g.norm_topk_prob));
  const bool v3 = c.family == Family::deepseek_v3;
  TRY_ASSIGN(const size_t method, f.choice("topk_method", v3 ? 2 : 0, {"greedy", "group_limited_greedy", "noaux_tc"}));
  TRY_ASSIGN(const size_t score, f.choice("scoring_func", v3 ? 1 : 0, {"softmax", "sigmoid"}));
  g.scoring_func = score == 0 ? ScoreFn::softmax : ScoreFn::sigmoid;
  g.has_correction_bias = method == 2;
  g.group_score = method == 2 ? GroupScore::top2_sum : GroupScore::max;
  if (method == 0) return {};  // greedy: no groups
  TRY(f.read("n_group", g.n_group));
  TRY(f.read("topk_group", g.topk_group));
  return {};
}

Status read_mla(const Fields& f, ModelConfig& c) {
  TRY(f.read("q_lora_rank", c.mla.q_lora_rank));
  TRY(f.require("kv_lora_rank", c.mla.kv_lora_rank));
  TRY(f.require("qk_nope_head_dim", c.mla.qk_nope_head_dim));
  TRY(f.require("qk_rope_head_dim", c.mla.qk_rope_head_dim));
  TRY(f.require("v_head_dim", c.mla.v_head_dim));
  TRY(f.read("attention_bias", c.qkv_bias));
  TRY_ASSIGN(const size_t form, f.choice("mla_form", 0, {"absorbed", "naive"}));
  c.mla.form = form == 0 ? MlaForm::absorbed : MlaForm::naive;
  bool interleave = true;
  TRY(f.read("rope_interleave", interleave));
  c.rope.pairs = interleave ? RopePairs::interleaved : RopePairs::half_split;
  c.rope.dim = c.mla.qk_rope_head_dim;
  TRY(read_moe(f, c));
  return f.read("num_nextn_predict_layers", c.num_nextn_predict_layers);
}

Status read_gqa(const Fields& f, ModelConfig& c) {
  c.num_key_value_heads = c.num_attention_heads;
  TRY(f.read("num_key_value_heads", c.num_key_value_heads));
  if (c.num_attention_heads > 0) c.head_dim = c.hidden_size / c.num_attention_heads;
  TRY(f.read("head_dim", c.head_dim));
  c.rope.dim = c.head_dim;
  c.rope.pairs = RopePairs::half_split;
  c.qkv_bias = c.family == Family::qwen2;
  if (c.family == Family::llama) TRY(f.read("attention_bias", c.qkv_bias));
  bool sliding = false;
  TRY(f.read("use_sliding_window", sliding));
  if (sliding)
    return Error::invalid(cat(f.where, ": use_sliding_window"), "is true; expected false (full attention only)");
  return {};
}

// The double whose shortest text is the float's: 1e-06 rather than 9.999999974752427e-07.
double shortest(float x) {
  const std::string text = cat(x);
  double out = x;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace

Result<ModelConfig> config_from_json(std::string_view text, std::string_view where) {
  TRY_ASSIGN(const json document, parse_json(text, where));
  TRY(expect_json_object(document, where));
  const Fields f{document, std::string(where)};
  ModelConfig c;
  if (f.find("model_type") == nullptr) return Error::invalid(cat(where, ": model_type"), "is missing");
  TRY_ASSIGN(const size_t family, f.choice("model_type", 0, {"llama", "qwen2", "deepseek_v2", "deepseek_v3"}));
  c.family = Family(family);
  c.attention = family >= size_t(Family::deepseek_v2) ? AttentionKind::mla : AttentionKind::gqa;
  TRY_ASSIGN([[maybe_unused]] const size_t act, f.choice("hidden_act", 0, {"silu"}));
  TRY(f.require("vocab_size", c.vocab_size));
  TRY(f.require("hidden_size", c.hidden_size));
  TRY(f.require("intermediate_size", c.intermediate_size));
  TRY(f.require("num_hidden_layers", c.num_hidden_layers));
  TRY(f.require("num_attention_heads", c.num_attention_heads));
  TRY(f.require("max_position_embeddings", c.max_position_embeddings));
  TRY(f.read("rms_norm_eps", c.rms_norm_eps));
  TRY(f.read("tie_word_embeddings", c.tie_word_embeddings));
  TRY(f.read("initializer_range", c.initializer_range));
  TRY(f.read("rope_theta", c.rope.theta));
  TRY(read_token_ids(f, c));
  TRY(c.attention == AttentionKind::mla ? read_mla(f, c) : read_gqa(f, c));
  TRY(read_rope_scaling(f, c));
  TRY(validate(c, where));
  c.attention_scale = attention_scale_of(c);
  return c;
}

std::string config_to_json(const ModelConfig& c) {
  static constexpr std::string_view kArchitectures[] = {"LlamaForCausalLM", "Qwen2ForCausalLM", "DeepseekV2ForCausalLM",
                                                        "DeepseekV3ForCausalLM"};
  nlohmann::ordered_json j;
  j["architectures"] = {kArchitectures[size_t(c.family)]};
  j["model_type"] = family_name(c.family);
  j["vocab_size"] = c.vocab_size;
  j["hidden_size"] = c.hidden_size;
  j["intermediate_size"] = c.intermediate_size;
  j["num_hidden_layers"] = c.num_hidden_layers;
  j["num_attention_heads"] = c.num_attention_heads;
  j["num_key_value_heads"] = c.attention == AttentionKind::mla ? c.num_attention_heads : c.num_key_value_heads;
  j["max_position_embeddings"] = c.max_position_embeddings;
  j["rms_norm_eps"] = shortest(c.rms_norm_eps);
  j["hidden_act"] = "silu";
  j["tie_word_embeddings"] = c.tie_word_embeddings;
  j["initializer_range"] = shortest(c.initializer_range);
  j["rope_theta"] = c.rope.theta;
  if (c.attention == AttentionKind::gqa) {
    j["head_dim"] = c.head_dim;
    if (c.family == Family::llama) j["attention_bias"] = c.qkv_bias;
  } else {
    j["attention_bias"] = false;
    j["q_lora_rank"] =
        c.mla.q_lora_rank == 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(c.mla.q_lora_rank);
    j["kv_lora_rank"] = c.mla.kv_lora_rank;
    j["qk_nope_head_dim"] = c.mla.qk_nope_head_dim;
    j["qk_rope_head_dim"] = c.mla.qk_rope_head_dim;
    j["v_head_dim"] = c.mla.v_head_dim;
    j["mla_form"] = c.mla.form == MlaForm::absorbed ? "absorbed" : "naive";
    j["rope_interleave"] = c.rope.pairs == RopePairs::interleaved;
    j["num_nextn_predict_layers"] = c.num_nextn_predict_layers;
  }
  if (c.gate.n_routed_experts > 0) {
    const GateConfig& g = c.gate;
    j["n_routed_experts"] = g.n_routed_experts;
    j["num_experts_per_tok"] = g.num_experts_per_tok;
    j["n_group"] = g.n_group;
    j["topk_group"] = g.topk_group;
    j["topk_method"] = g.has_correction_bias ? "noaux_tc" : g.n_group > 1 ? "group_limited_greedy" : "greedy";
    j["scoring_func"] = g.scoring_func == ScoreFn::sigmoid ? "sigmoid" : "softmax";
    j["norm_topk_prob"] = g.norm_topk_prob;
    j["routed_scaling_factor"] = shortest(g.routed_scaling_factor);
    j["moe_intermediate_size"] = c.moe_intermediate_size;
    j["n_shared_experts"] = c.n_shared_experts;
    j["first_k_dense_replace"] = c.first_k_dense_replace;
    j["moe_layer_freq"] = c.moe_layer_freq;
  }
  if (c.rope.scaling != RopeScaling::none) {
    auto& s = j["rope_scaling"];
    const bool yarn = c.rope.scaling == RopeScaling::yarn;
    s["rope_type"] = yarn ? "yarn" : "llama3";
    s["factor"] = c.rope.factor;
    s["original_max_position_embeddings"] = c.rope.original_max_position;
    if (yarn) {
      s["beta_fast"] = c.rope.beta_fast;
      s["beta_slow"] = c.rope.beta_slow;
      s["mscale"] = c.rope.mscale;
      s["mscale_all_dim"] = c.rope.mscale_all_dim;
    } else {
      s["low_freq_factor"] = c.rope.low_freq_factor;
      s["high_freq_factor"] = c.rope.high_freq_factor;
    }
  }
  if (c.bos_token_id >= 0) j["bos_token_id"] = c.bos_token_id;
  if (c.pad_token_id >= 0) j["pad_token_id"] = c.pad_token_id;
  if (c.eos_token_ids.size() == 1)
    j["eos_token_id"] = c.eos_token_ids[0];
  else if (!c.eos_token_ids.empty())
    j["eos_token_id"] = c.eos_token_ids;
  j["torch_dtype"] = "float32";
  return j.dump(2) + "\n";
}

}  // namespace r1
