#include "text/tokenizer_config.h"

#include <nlohmann/json.hpp>

#include "format/json_parse.h"
#include "format/json_write.h"

namespace r1 {
namespace {

using nlohmann::json;

const json* member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Status read_token(const json& root, const char* key, std::string_view where, std::optional<std::string>& token) {
  const json* found = member(root, key);
  if (found == nullptr) return {};
  std::string at = cat(where, ": ", key);
  if (found->is_object()) {
    found = member(*found, "content");
    at += ".content";
    if (found == nullptr) return Error::invalid(at, "is missing");
  }
  TRY_ASSIGN(token, json_as<std::string>(*found, at));
  return {};
}

Status read_flag(const json& root, const char* key, std::string_view where, std::optional<bool>& flag) {
  if (const json* found = member(root, key)) {
    TRY_ASSIGN(flag, json_as<bool>(*found, cat(where, ": ", key)));
  }
  return {};
}

Status read_template(const json& root, std::string_view where, std::optional<std::string>& source) {
  const json* found = member(root, "chat_template");
  if (found == nullptr) return {};
  const std::string at = cat(where, ": chat_template");
  if (!found->is_array()) {
    TRY_ASSIGN(source, json_as<std::string>(*found, at));
    return {};
  }
  for (size_t i = 0; i < found->size(); ++i) {
    const json& item = (*found)[i];
    TRY(expect_json_object(item, cat(at, "[", i, "]")));
    const json* name = member(item, "name");
    const json* text = member(item, "template");
    if (name == nullptr || text == nullptr) return Error::invalid(cat(at, "[", i, "]"), "has no name or no template");
    if (*name == "default") {
      TRY_ASSIGN(source, json_as<std::string>(*text, cat(at, "[", i, "].template")));
    }
  }
  return {};
}

Status read_max_length(const json& root, std::string_view where, std::optional<uint64_t>& length) {
  const json* found = member(root, "model_max_length");
  if (found == nullptr) return {};
  const std::string at = cat(where, ": model_max_length");
  TRY_ASSIGN(const double value, json_as<double>(*found, at));
  if (!(value >= 1)) return Error::invalid(at, cat("is ", describe_json(*found), "; expected at least 1"));
  constexpr double kNoLimit = 1e15;  // above what any context can be, and exact as a double below
  if (value < kNoLimit) length = uint64_t(value);
  return {};
}

}  // namespace

Result<TokenizerConfig> tokenizer_config_from_json(std::string_view text, std::string_view where) {
  TRY_ASSIGN(const json root, parse_json(text, where));
  TRY(expect_json_object(root, where));
  TokenizerConfig config;
  TRY(read_token(root, "bos_token", where, config.bos_token));
  TRY(read_token(root, "eos_token", where, config.eos_token));
  TRY(read_token(root, "pad_token", where, config.pad_token));
  TRY(read_flag(root, "add_bos_token", where, config.add_bos_token));
  TRY(read_flag(root, "add_eos_token", where, config.add_eos_token));
  TRY(read_template(root, where, config.chat_template));
  TRY(read_max_length(root, where, config.model_max_length));
  return config;
}

std::string tokenizer_config_to_json(const TokenizerConfig& config) {
  std::string out = "{";
  const auto field = [&](std::string_view key, const std::string& value) {
    out += cat(out.size() > 1 ? ",\n  \"" : "\n  \"", key, "\": ", value);
  };
  const auto text = [&](std::string_view key, const std::optional<std::string>& value) {
    if (value) field(key, json_quote(*value));
  };
  field("tokenizer_class", "\"PreTrainedTokenizerFast\"");
  text("bos_token", config.bos_token);
  text("eos_token", config.eos_token);
  text("pad_token", config.pad_token);
  if (config.add_bos_token) field("add_bos_token", cat(*config.add_bos_token));
  if (config.add_eos_token) field("add_eos_token", cat(*config.add_eos_token));
  field("clean_up_tokenization_spaces", "false");
  if (config.model_max_length) field("model_max_length", cat(*config.model_max_length));
  text("chat_template", config.chat_template);
  return out + "\n}\n";
}

}  // namespace r1
