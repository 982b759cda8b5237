#include <nlohmann/json.hpp>

#include "bundle/bundle.h"
#include "text/tokenizer_config.h"

namespace r1 {
namespace {

using nlohmann::ordered_json;

std::string json_text(const ordered_json& value) {
  return value.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

// The ids other programs look for, taken from the template where the config does not say.
Result<ModelConfig> with_token_ids(ModelConfig config, const Tokenizer& tokenizer, const ChatTemplate& chat) {
  TRY_ASSIGN(const int bos, tokenizer.token_id(chat.bos));
  TRY_ASSIGN(const int eos, tokenizer.token_id(chat.eos));
  if (config.bos_token_id < 0) config.bos_token_id = bos;
  if (config.pad_token_id < 0) config.pad_token_id = eos;
  if (config.eos_token_ids.empty()) config.eos_token_ids = {eos};
  return config;
}

std::string tokenizer_config_text(const ModelConfig& config, const ChatTemplate& chat) {
  TokenizerConfig out;
  out.bos_token = chat.bos;
  out.eos_token = out.pad_token = chat.eos;
  out.add_bos_token = out.add_eos_token = false;  // the template writes them
  out.chat_template = jinja_source(chat);
  out.model_max_length = config.max_position_embeddings;
  return tokenizer_config_to_json(out);
}

// The sampling that R1's authors advise.
std::string generation_config_text(const ModelConfig& config) {
  ordered_json j;
  j["bos_token_id"] = config.bos_token_id;
  if (config.eos_token_ids.size() == 1) {
    j["eos_token_id"] = config.eos_token_ids[0];
  } else {
    j["eos_token_id"] = config.eos_token_ids;
  }
  j["pad_token_id"] = config.pad_token_id;
  j["do_sample"] = true;
  j["temperature"] = 0.6;
  j["top_p"] = 0.95;
  return json_text(j);
}

std::string special_tokens_text(const ChatTemplate& chat) {
  ordered_json j;
  j["bos_token"] = chat.bos;
  j["eos_token"] = chat.eos;
  j["pad_token"] = chat.eos;
  return json_text(j);
}

}  // namespace

Status save_bundle(Files& files, const std::string& folder, const ModelConfig& config, Weights& weights,
                   const Tokenizer& tokenizer, const ChatTemplate& chat) {
  TRY_ASSIGN(const ModelConfig full, with_token_ids(config, tokenizer, chat));
  TRY(files.make_directories(folder));
  TRY(save_weights(files, join_path(folder, "model.safetensors"), full, weights));
  TRY(files.write(join_path(folder, "tokenizer.json"), tokenizer_to_json(tokenizer)));
  TRY(files.write(join_path(folder, "tokenizer_config.json"), tokenizer_config_text(full, chat)));
  TRY(files.write(join_path(folder, "special_tokens_map.json"), special_tokens_text(chat)));
  TRY(files.write(join_path(folder, "generation_config.json"), generation_config_text(full)));
  return files.write(join_path(folder, "config.json"), config_to_json(full));
}

}  // namespace r1
