#include <algorithm>

#include "bundle/bundle.h"
#include "text/tokenizer_config.h"

namespace r1 {
namespace {

constexpr uint64_t kMaxConfigBytes = 16 << 20;      // real ones: a few kilobytes
constexpr uint64_t kMaxTokenizerBytes = 256 << 20;  // the largest published ones: about 35 MB

Status expect_marker(const Tokenizer& tokenizer, const std::string& marker, const std::string& where) {
  if (tokenizer.token_id(marker).ok()) return {};
  return Error::invalid(where, cat("has no token \"", marker, "\", which the chat template needs"));
}

}  // namespace

Result<ModelConfig> read_config(Files& files, const std::string& folder) {
  const std::string path = join_path(folder, "config.json");
  TRY_ASSIGN(const std::string text, files.read(path, kMaxConfigBytes));
  return config_from_json(text, path);
}

Result<Weights> read_weights(const std::string& folder, const ModelConfig& config, const LoadOptions& options) {
  TRY_ASSIGN(const Safetensors file, Safetensors::open_folder(folder));
  return load_weights(file, config, options, folder);
}

Result<Tokenizer> read_tokenizer(Files& files, const std::string& folder) {
  const std::string path = join_path(folder, "tokenizer.json");
  TRY_ASSIGN(const std::string text, files.read(path, kMaxTokenizerBytes));
  return tokenizer_from_json(text, path);
}

Result<ChatTemplate> read_chat_template(Files& files, const std::string& folder, const Tokenizer& tokenizer) {
  const std::string path = join_path(folder, "tokenizer_config.json");
  TRY_ASSIGN(const std::string text, files.read(path, kMaxConfigBytes));
  TRY_ASSIGN(const TokenizerConfig config, tokenizer_config_from_json(text, path));
  ChatTemplate chat;
  if (!config.bos_token) return Error::invalid(cat(path, ": bos_token"), "is missing");
  if (!config.eos_token) return Error::invalid(cat(path, ": eos_token"), "is missing");
  chat.bos = *config.bos_token;
  chat.eos = *config.eos_token;
  if (!config.chat_template) return Error::invalid(cat(path, ": chat_template"), "is missing");
  for (const std::string& marker : {chat.bos, chat.user, chat.assistant, chat.eos})
    TRY(expect_marker(tokenizer, marker, join_path(folder, "tokenizer.json")));
  if (*config.chat_template != jinja_source(chat))
    return Error::invalid(cat(path, ": chat_template"),
                          "is one that r1 did not write; other templates cannot be used yet");
  return chat;
}

Result<ModelBundle> open_bundle(const std::string& path, const LoadOptions& options) {
  Files& files = real_files();
  TRY_ASSIGN(const std::string folder, resolve_model(files, path));
  TRY_ASSIGN(ModelConfig config, read_config(files, folder));
  TRY_ASSIGN(Tokenizer tokenizer, read_tokenizer(files, folder));
  if (tokenizer.vocab_size() > config.vocab_size)
    return Error::invalid(
        cat(join_path(folder, "config.json"), ": vocab_size"),
        cat("is ", config.vocab_size, "; expected at least the ", tokenizer.vocab_size(), " ids of tokenizer.json"));
  TRY_ASSIGN(ChatTemplate chat, read_chat_template(files, folder, tokenizer));
  TRY_ASSIGN(Weights weights, read_weights(folder, config, options));
  return ModelBundle{std::move(config), std::move(weights), std::move(tokenizer), std::move(chat)};
}

std::vector<int> stop_tokens(const ModelConfig& config, const Tokenizer& tokenizer, const ChatTemplate& chat) {
  std::vector<int> ids(config.eos_token_ids.begin(), config.eos_token_ids.end());
  if (const auto eos = tokenizer.token_id(chat.eos); eos.ok() && std::find(ids.begin(), ids.end(), *eos) == ids.end())
    ids.push_back(*eos);
  return ids;
}

}  // namespace r1
