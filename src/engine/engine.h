// Batched generation: token ids in, token ids out.
//
// Each step runs one forward over a ragged batch: a token for every running sequence, and chunks of the prompts that
// wait. Samples of one request share the prompt's cache pages. What a sample draws depends on (weights, prompt, params,
// stream) only: not on what else runs, on limits, or on the order of submission. Thread safety: one driving thread.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/sampler.h"
#include "model/forward.h"

namespace r1 {

struct Request {
  std::vector<int> prompt;  // not empty; every id < vocab_size
  SamplingParams sampling;
  uint64_t stream = 0;  // sample i of the request draws from stream + i
  size_t samples = 1;
  size_t max_new_tokens = 256;
  std::vector<int> stop_tokens;  // ends the sample; the stop token is kept as its last
};

struct Completion {
  std::vector<int> tokens;
  std::vector<float> log_probs;
  bool stopped = false;  // by a stop token; else it ran out of tokens or of context
};

struct EngineLimits {
  size_t max_running = 384;      // sequences that decode together
  size_t prefill_tokens = 2048;  // prompt tokens a step
};

class Engine {
 public:
  Engine(Exec exec, Model& model, EngineLimits limits = {});
  ~Engine();

  // REQUIRES: as Request says. Sample ids are consecutive from the returned one.
  uint64_t submit(const Request& request);
  struct Emitted {
    uint64_t sample;
    int token;
    bool last;
  };
  // One forward. Returns the tokens drawn: none while prompts are still being read.
  std::vector<Emitted> step();
  bool idle() const;
  // The sample so far, or whole once its last token was emitted; the engine forgets it.
  Completion take(uint64_t sample);
  // Stops a sample in any phase; take() still returns what it has.
  void cancel(uint64_t sample);

 private:
  struct Group;
  struct Sample;
  void begin_samples(std::vector<Emitted>& out);
  void advance(Sample& sample, Sampled drawn, std::vector<Emitted>& out);
  Sampled draw(const Sample& sample, std::span<float> logits, std::span<float> probs) const;

  Exec exec_;
  Model& model_;
  EngineLimits limits_;
  BufferPool buffers_;
  KvCache cache_;
  std::map<uint64_t, std::unique_ptr<Sample>> samples_;  // by id: running, waiting and finished
  std::deque<uint64_t> waiting_;
  std::vector<uint64_t> running_;
  uint64_t next_id_ = 0;
};

// Runs requests to their end: result[r][i] is sample i of request r. Stops early, with what there is, when interrupted.
std::vector<std::vector<Completion>> generate(Engine& engine, std::span<const Request> requests);

}  // namespace r1
