// A model of a few thousand weights, folders of their own, and files that fail. For *_test.cc files only.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/interrupt.h"
#include "kernels/targets.h"
#include "tensor/pack.h"
#include "train/grpo.h"
#include "train/pretrain.h"

namespace r1::testing {

class TempFolder {
 public:
  TempFolder() {
    // In memory where there is such a place: flushing to a disk is most of the time of these tests.
    const bool shm = ::access("/dev/shm", W_OK) == 0;
    std::string name =
        shm ? "/dev/shm/r1_train_XXXXXX" : (std::filesystem::temp_directory_path() / "r1_train_XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string operator/(std::string_view name) const { return join_path(path, name); }
  std::string path;
};

// Two layers, the second a mixture, and an MTP module, 32 wide.
inline ModelChoice tiny_choice() {
  ModelChoice c;
  c.hidden_size = 32;
  c.intermediate_size = 48;
  c.num_hidden_layers = 2;
  c.num_attention_heads = 2;
  c.kv_lora_rank = 16;
  c.moe_intermediate_size = 24;
  return c;
}

inline const Tokenizer& tiny_tokenizer() {
  static const Tokenizer tokenizer = corpus_tokenizer(ChatTemplate{}).value();
  return tokenizer;
}

// A model, and what a run needs beside it.
struct TinyRun {
  explicit TinyRun(size_t threads = 1, const ModelChoice& choice = tiny_choice(), uint64_t seed = 1)
      : pool(threads), config(config_of(choice, tiny_tokenizer(), chat).value()) {
    Weights weights = allocate_weights(config, true, true);
    initialise(config, weights, seed, 0.05f);
    model = std::make_unique<Model>(config, std::move(weights));
  }
  TrainedModel trained() { return {*model, tiny_tokenizer(), chat}; }
  TrainContext context(std::string folder, Files& files = real_files()) {
    return {exec, files, std::move(folder), {}, {}};
  }

  ThreadPool pool;
  Exec exec{choose_kernels(), pool};
  ChatTemplate chat;
  ModelConfig config;
  std::unique_ptr<Model> model;
  BufferPool buffers;
};

// Sets the lanes of packed panels that stand for nothing to 0, as ops leave them.
inline void clear_dead_lanes(const Param& p, FloatBuffer& packed) {
  if (p.layout != ParamLayout::packed) return;
  std::vector<float> rows(p.n * p.k);
  for (size_t i = 0; i < p.count; ++i) {
    unpack_rows(rows.data(), p.k, packed.data() + i * p.slice_size(), p.n, p.k);
    pack_rows(packed.data() + i * p.slice_size(), rows.data(), p.k, p.n, p.k);
  }
}

// A function of (seed, step, weight's name).
inline void random_gradients(TinyRun& run, uint64_t seed, int64_t step, float scale) {
  for (Param* p : all_params(run.config, run.model->weights)) {
    if (!p->trainable()) continue;
    Rng rng{seed, hash64(p->name, uint64_t(step)), 0};
    for (size_t i = 0; i < p->grad.size(); ++i) p->grad[i] = scale * float(rng.normal());
    clear_dead_lanes(*p, p->grad);
  }
}

inline PretrainConfig tiny_pretrain() {
  PretrainConfig c;
  c.seed = 3;
  c.steps = 3;
  c.batch_tokens = 150;
  c.model = tiny_choice();
  c.optimizer.matrices = MatrixOptimizer::muon;
  c.checkpoint_every = 1;
  return c;
}

inline GrpoConfig tiny_grpo() {
  GrpoConfig c;
  c.seed = 3;
  c.steps = 3;
  c.task = "chain";
  c.prompts_per_step = 2;
  c.group_size = 4;
  c.max_new_tokens = 8;
  c.rewards = {{"language", 1, "", 60}, {"format", 0.5, "", 60}};  // the one that random words sometimes earn
  c.mini_batches = 2;
  c.formula.beta = 0.1;
  c.checkpoint_every = 1;
  c.reference_every = 2;
  return c;
}

inline std::string slurp(const std::string& path) { return real_files().read(path).value(); }

// The bytes that promise 2 covers: everything but timings.
inline std::string fixed_bytes(const std::string& folder) {
  return slurp(join_path(folder, "config.toml")) + slurp(join_path(folder, "metrics.jsonl")) +
         slurp(join_path(folder, "samples.jsonl")) + slurp(join_path(folder, "final/model.safetensors"));
}

inline ::testing::AssertionResult contains(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << text << "\" lacks \"" << part << "\"";
}

}  // namespace r1::testing
