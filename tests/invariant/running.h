// Ways to run the same sequences through a model, and what comes out of each, to be compared bit for bit.
#pragma once
#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"
#include "kernels/targets.h"
#include "model/forward.h"

namespace r1 {

// What a model says about a sequence: for each position the hidden state, and log p of the token that follows it in the
// sequence (after the last position: of its first token).
struct Trace {
  std::vector<float> hidden, log_probs;
};
using Traces = std::vector<Trace>;
using Sequences = std::vector<std::vector<int>>;

// Reports where the first bit differs.
testing::AssertionResult same_bits(std::span<const float> got, std::span<const float> want);
testing::AssertionResult same_bits(const Trace& got, const Trace& want);
testing::AssertionResult same_bits(const Traces& got, const Traces& want);

const Kernels& best_kernels();  // chosen once: each choice runs the self-check

struct Runner {
  const Kernels& kernels;
  ThreadPool pool;
  BufferPool buffers;
  float inverse_temperature = 1;

  explicit Runner(size_t threads = 1, const Kernels& k = *all_kernels().front()) : kernels(k), pool(threads) {}
  Exec exec() { return {kernels, pool}; }
};

// One forward of all sequences end to end, without a cache.
enum class Recording { no, yes };
Traces at_once(Runner& run, Model& model, const Sequences& sequences, Recording recording);
// Each sequence in a forward of its own: what all else is compared with.
Traces alone(Runner& run, Model& model, const Sequences& sequences);

// A sequence that is being read piece by piece.
struct Reader {
  std::vector<int> tokens;
  KvSequence sequence;
  Trace trace;
  bool done() const { return sequence.length() == tokens.size(); }
};
// One forward through the cache: the next chunks[i] tokens of readers[i], in that order.
void read_step(Runner& run, Model& model, KvCache& cache, const std::vector<Reader*>& readers,
               const std::vector<size_t>& chunks);

// How sequences are cut and batched: at each step each unfinished one takes part with probability `taking_part`, in
// random order, with 1 to max_chunk of its tokens (one of them half of the time).
struct Schedule {
  uint64_t seed = 0;
  size_t max_chunk = 1;
  size_t page_tokens = 32;
  double taking_part = 1;
};
Traces through_cache(Runner& run, Model& model, const Sequences& sequences, const Schedule& schedule);

}  // namespace r1
