// A MODEL as the outside knows it: config, weights, tokenizer and chat template of a Hugging Face folder.
//
// A folder holds config.json, model.safetensors (or shards with an index), tokenizer.json and tokenizer_config.json; we
// also write generation_config.json and special_tokens_map.json, which other programs read.
// Thread safety: no state.
#pragma once
#include <string>

#include "base/files.h"
#include "base/result.h"
#include "bundle/hf_weights.h"
#include "model/config.h"
#include "model/weights.h"
#include "text/template.h"
#include "text/tokenizer.h"

namespace r1 {

struct ModelBundle {
  ModelConfig config;
  Weights weights;
  Tokenizer tokenizer;
  ChatTemplate chat;
};

// The folder that `path` means: itself if it has a config.json; of a run folder its final/, or else its newest complete
// checkpoints/step-N/ (complete: config.json and weights). Anything else is an error that says what was looked for.
Result<std::string> resolve_model(Files& files, const std::string& path);

// The parts of a folder, each on its own. `folder` as resolve_model gives it.
Result<ModelConfig> read_config(Files& files, const std::string& folder);
Result<Weights> read_weights(const std::string& folder, const ModelConfig& config, const LoadOptions& options);
Result<Tokenizer> read_tokenizer(Files& files, const std::string& folder);
// Of tokenizer_config.json: begin and end are its bos_token and eos_token, user and assistant are R1's markers. Errors:
// a chat_template that is not text/template.h's, a marker without a token of its own.
Result<ChatTemplate> read_chat_template(Files& files, const std::string& folder, const Tokenizer& tokenizer);

// All of them, `path` being any MODEL. Error also if the tokenizer has ids that the model's vocabulary does not.
Result<ModelBundle> open_bundle(const std::string& path, const LoadOptions& options);

// What ends an answer: the config's end-of-sequence ids and the template's.
std::vector<int> stop_tokens(const ModelConfig& config, const Tokenizer& tokenizer, const ChatTemplate& chat);

// Writes `folder`, made if it is not there. Each file is written atomically, config.json last: a folder that has one is
// complete. Begin, end and padding ids that the config leaves open are the template's.
Status save_bundle(Files& files, const std::string& folder, const ModelConfig& config, Weights& weights,
                   const Tokenizer& tokenizer, const ChatTemplate& chat);

}  // namespace r1
