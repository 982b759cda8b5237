// A model of a few thousand weights with a byte tokenizer, and a folder of its own. For *_test.cc files only.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "bundle/bundle.h"
#include "text/bpe_trainer.h"

namespace r1::testing {

class ModelFolder {
 public:
  ModelFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "r1_bundle_XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~ModelFolder() { std::filesystem::remove_all(path); }
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;
  std::string operator/(std::string_view name) const { return join_path(path, name); }
  std::string path;
};

// The 256 bytes, the template's markers and tags (4 to 7), and `words`, alone and after a space.
inline Tokenizer byte_tokenizer(const ChatTemplate& chat, const std::vector<std::string>& words = {}) {
  BpeTrainerOptions options;
  for (const std::string& marker : {chat.bos, chat.eos, chat.user, chat.assistant})
    options.added_tokens.push_back({marker, true});
  for (const char* tag : {"<think>", "</think>", "<answer>", "</answer>"}) options.added_tokens.push_back({tag, false});
  std::vector<WordCount> counts;
  for (const std::string& word : words) {
    counts.push_back({" " + word, 2});
    counts.push_back({word, 1});
  }
  return train_bpe(counts, options).value();
}

// Two layers, 32 wide; of a deepseek the second is a mixture, and there is an MTP module.
inline ModelConfig small_config(std::string_view preset_name, size_t vocab) {
  ModelConfig c = preset(preset_name).value();
  c.vocab_size = uint32_t(vocab);
  c.hidden_size = 32;
  c.intermediate_size = 48;
  c.num_hidden_layers = 2;
  c.max_position_embeddings = 96;
  if (c.attention == AttentionKind::gqa) {
    c.head_dim = c.rope.dim = 8;
  } else {
    c.mla.kv_lora_rank = 16;
    c.moe_intermediate_size = 24;
  }
  c.attention_scale = attention_scale_of(c);
  return c;
}

inline ModelBundle small_bundle(std::string_view preset_name, uint64_t seed = 1,
                                const std::vector<std::string>& words = {}) {
  ChatTemplate chat;
  Tokenizer tokenizer = byte_tokenizer(chat, words);
  const ModelConfig config = small_config(preset_name, tokenizer.vocab_size());
  Weights weights = allocate_weights(config, false, true);
  initialise(config, weights, seed, 0.3f);
  return {config, std::move(weights), std::move(tokenizer), chat};
}

inline Status save(ModelBundle& b, const std::string& folder, Files& files = real_files()) {
  return save_bundle(files, folder, b.config, b.weights, b.tokenizer, b.chat);
}

inline ::testing::AssertionResult contains(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << text << "\" lacks \"" << part << "\"";
}

}  // namespace r1::testing
