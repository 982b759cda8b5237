// r1 inspect: what a config says, and what follows from its list of tensors alone.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bundle/bundle.h"
#include "command.h"
#include "model/kv_cache.h"
#include "output.h"

namespace r1 {
namespace {

using nlohmann::ordered_json;

struct Args {
  std::string model, preset;
  bool json = false;
};

// Numbers a token leaves in the cache of one layer.
uint64_t cached_values(const ModelConfig& c) {
  const MlaConfig& m = c.mla;
  if (c.attention == AttentionKind::gqa) return uint64_t(2) * c.num_key_value_heads * c.head_dim;
  if (m.form == MlaForm::absorbed) return uint64_t(m.kv_lora_rank) + m.qk_rope_head_dim;
  return uint64_t(c.num_attention_heads) * (uint64_t(m.qk_nope_head_dim) + m.qk_rope_head_dim + m.v_head_dim);
}

// The same if every head kept a key and a value of its own, as the reports of V2 and V3 compare.
uint64_t multi_head_values(const ModelConfig& c) {
  const uint32_t width = c.attention == AttentionKind::gqa ? c.head_dim : c.mla.v_head_dim;
  return uint64_t(2) * c.num_attention_heads * width;
}

std::string_view rope_scaling_name(RopeScaling s) {
  return s == RopeScaling::none ? "none" : s == RopeScaling::llama3 ? "llama3" : "yarn";
}

// config.json's fields, and the forks that it leaves to the family or writes in another way.
ordered_json forks(const ModelConfig& c) {
  ordered_json j = ordered_json::parse(config_to_json(c));
  j["attention"] = c.attention == AttentionKind::mla ? "mla" : "gqa";
  j["attention_scale"] = c.attention_scale;
  j["qkv_bias"] = c.qkv_bias;
  j["rope_dim"] = c.rope.dim;
  j["rope_pairs"] = c.rope.pairs == RopePairs::interleaved ? "interleaved" : "half_split";
  if (c.rope.scaling == RopeScaling::none) j["rope_scaling"] = rope_scaling_name(c.rope.scaling);
  if (c.attention == AttentionKind::mla) j["low_rank_norm_eps"] = ordered_json::parse(cat(c.mla.low_rank_norm_eps));
  if (c.gate.n_routed_experts > 0) {
    j["group_score"] = c.gate.group_score == GroupScore::max ? "max" : "top2_sum";
    j["has_correction_bias"] = c.gate.has_correction_bias;
  }
  return j;
}

ordered_json facts(const ModelConfig& c) {
  uint64_t tensors = 0, mtp_tensors = 0, parameters = 0, mtp_parameters = 0;
  for (const TensorSpec& s : tensor_list(c)) {  // once: the largest models have 45 thousand
    ++(s.mtp ? mtp_tensors : tensors);
    (s.mtp ? mtp_parameters : parameters) += s.elements();
  }
  ordered_json j;
  j["parameters"] = parameters;
  j["parameters_with_mtp"] = parameters + mtp_parameters;
  j["tensors"] = tensors;
  j["mtp_tensors"] = mtp_tensors;
  j["kv_values_per_token"] = cached_values(c) * c.num_hidden_layers;
  j["kv_bytes_per_token"] = kv_bytes_per_token(c);
  j["kv_ratio_to_mha"] = double(cached_values(c)) / double(multi_head_values(c));
  return j;
}

std::string grouped(uint64_t n) {
  std::string digits = cat(n);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

void append_lines(std::string& out, const ordered_json& object, const std::string& prefix) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      append_lines(out, value, cat(prefix, key, "."));
      continue;
    }
    const std::string name = prefix + key;
    out += cat("  ", name, std::string(name.size() < 40 ? 40 - name.size() : 1, ' '),
               value.is_string() ? value.get<std::string>() : value.dump(), "\n");
  }
}

std::string as_text(const std::string& title, const ModelConfig& c) {
  const ordered_json f = facts(c);
  std::string out = cat(title, "\n\nconfig\n");
  append_lines(out, forks(c), "");
  char ratio[32];
  std::snprintf(ratio, sizeof ratio, "%.2f%%", 100 * f["kv_ratio_to_mha"].get<double>());
  out += cat("\nparameters      ", grouped(f["parameters"]), "\n");
  if (f["mtp_tensors"] != 0) out += cat("  with MTP      ", grouped(f["parameters_with_mtp"]), "\n");
  out += cat("tensors         ", grouped(f["tensors"]), "\n");
  if (f["mtp_tensors"] != 0) out += cat("  of MTP        ", grouped(f["mtp_tensors"]), "\n");
  out += cat("KV cache        ", grouped(f["kv_bytes_per_token"]), " bytes a token in f32 (",
             grouped(f["kv_values_per_token"]), " values); ", ratio, " of plain multi-head attention\n");
  return out;
}

Result<ModelConfig> config_of(const Args& args, std::string& title) {
  if (args.model.empty() == args.preset.empty())
    return Error::usage("inspect", "expected a MODEL or --preset NAME, one of the two");
  if (!args.preset.empty()) {
    title = args.preset;
    auto config = preset(args.preset);
    if (!config.ok()) return Error::usage("--preset", config.error().message);
    return config;
  }
  TRY_ASSIGN(title, resolve_model(real_files(), args.model));
  return read_config(real_files(), title);
}

Status inspect(const Args& args) {
  std::string title;
  TRY_ASSIGN(const ModelConfig config, config_of(args, title));
  if (!args.json) {
    print(as_text(title, config));
    return {};
  }
  ordered_json j;
  j["model"] = title;
  j.update(facts(config));
  j["config"] = forks(config);
  print(j.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  return {};
}

}  // namespace

void add_inspect(CLI::App& app, Command& chosen) {
  const auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand("inspect", "Show a model's config, parameters and cache size");
  command->add_option("model", args->model, "A Hugging Face folder or a run folder");
  std::string names;
  for (const std::string_view name : preset_names()) names += cat(names.empty() ? "" : ", ", name);
  command->add_option("--preset", args->preset, cat("A built-in config: ", names));
  command->add_flag("--json", args->json, "Print one JSON object");
  command->callback([args, &chosen] { chosen = [args] { return inspect(*args); }; });
}

}  // namespace r1
