#include "running.h"

#include <algorithm>
#include <cstring>

#include "tensor/head.h"

namespace r1 {
namespace {

int target_of(const std::vector<int>& tokens, size_t position) { return tokens[(position + 1) % tokens.size()]; }

// Appends rows [begin, begin+rows) to the trace.
void append(Trace& trace, const Tensor& hidden, const Tensor& log_probs, size_t begin, size_t rows) {
  trace.hidden.insert(trace.hidden.end(), hidden.row(begin), hidden.row(begin) + rows * hidden.cols());
  trace.log_probs.insert(trace.log_probs.end(), log_probs.row(begin), log_probs.row(begin) + rows);
}

}  // namespace

const Kernels& best_kernels() {
  static const Kernels& kernels = choose_kernels();
  return kernels;
}

testing::AssertionResult same_bits(std::span<const float> got, std::span<const float> want) {
  if (got.size() != want.size())
    return testing::AssertionFailure() << got.size() << " floats; expected " << want.size();
  for (size_t i = 0; i < got.size(); ++i)
    if (std::memcmp(&got[i], &want[i], sizeof(float)) != 0)
      return testing::AssertionFailure() << "float " << i << " of " << want.size() << " is " << got[i] << "; expected "
                                         << want[i] << ", apart by " << got[i] - want[i];
  return testing::AssertionSuccess();
}

testing::AssertionResult same_bits(const Trace& got, const Trace& want) {
  if (auto same = same_bits(got.hidden, want.hidden); !same) return same << " (hidden states)";
  if (auto same = same_bits(got.log_probs, want.log_probs); !same) return same << " (log-probs)";
  return testing::AssertionSuccess();
}

testing::AssertionResult same_bits(const Traces& got, const Traces& want) {
  if (got.size() != want.size())
    return testing::AssertionFailure() << got.size() << " traces; expected " << want.size();
  for (size_t i = 0; i < got.size(); ++i)
    if (auto same = same_bits(got[i], want[i]); !same) return same << " of sequence " << i;
  return testing::AssertionSuccess();
}

Traces at_once(Runner& run, Model& model, const Sequences& sequences, Recording recording) {
  std::vector<int> tokens, targets;
  std::vector<Piece> pieces;
  for (const auto& s : sequences) {
    pieces.push_back({tokens.size(), s.size(), nullptr});
    tokens.insert(tokens.end(), s.begin(), s.end());
    for (size_t i = 0; i < s.size(); ++i) targets.push_back(target_of(s, i));
  }
  Graph g(run.exec(), run.buffers, recording == Recording::yes);
  const Tensor hidden = forward(g, model, {tokens, pieces}, nullptr);
  const Tensor log_probs = token_log_probs(g, hidden, model.head(), targets, run.inverse_temperature, false).log_probs;
  Traces out(sequences.size());
  for (size_t i = 0; i < out.size(); ++i) append(out[i], hidden, log_probs, pieces[i].row_begin, pieces[i].rows);
  return out;
}

Traces alone(Runner& run, Model& model, const Sequences& sequences) {
  Traces out;
  for (const auto& s : sequences) out.push_back(at_once(run, model, {s}, Recording::no)[0]);
  return out;
}

void read_step(Runner& run, Model& model, KvCache& cache, const std::vector<Reader*>& readers,
               const std::vector<size_t>& chunks) {
  std::vector<int> tokens, targets;
  std::vector<Piece> pieces;
  for (size_t i = 0; i < readers.size(); ++i) {
    Reader& r = *readers[i];
    pieces.push_back({tokens.size(), chunks[i], &r.sequence});
    for (size_t j = 0, at = r.sequence.length(); j < chunks[i]; ++j, ++at) {
      tokens.push_back(r.tokens[at]);
      targets.push_back(target_of(r.tokens, at));
    }
  }
  Graph g(run.exec(), run.buffers, false);
  const Tensor hidden = forward(g, model, {tokens, pieces}, &cache);
  const Tensor log_probs = token_log_probs(g, hidden, model.head(), targets, run.inverse_temperature, false).log_probs;
  for (size_t i = 0; i < readers.size(); ++i)
    append(readers[i]->trace, hidden, log_probs, pieces[i].row_begin, pieces[i].rows);
}

Traces through_cache(Runner& run, Model& model, const Sequences& sequences, const Schedule& schedule) {
  KvCache cache(model.config, schedule.page_tokens);
  Rng rng{schedule.seed, hash64("schedule"), 0};
  std::vector<Reader> readers(sequences.size());
  std::vector<Reader*> open;
  for (size_t i = 0; i < readers.size(); ++i) {
    readers[i].tokens = sequences[i];
    readers[i].sequence = cache.make_sequence();
    open.push_back(&readers[i]);
  }
  while (!open.empty()) {
    rng.shuffle(open);
    std::vector<Reader*> batch;
    std::vector<size_t> chunks;
    for (Reader* r : open) {
      if (schedule.taking_part < 1 && !rng.chance(schedule.taking_part)) continue;
      const size_t left = r->tokens.size() - r->sequence.length();
      const size_t chunk = rng.chance(0.5) ? 1 : size_t(rng.integer(1, int64_t(schedule.max_chunk)));
      batch.push_back(r);
      chunks.push_back(std::min(left, chunk));
    }
    if (!batch.empty()) read_step(run, model, cache, batch, chunks);
    std::erase_if(open, [](const Reader* r) { return r->done(); });
  }
  Traces out;
  for (Reader& r : readers) out.push_back(std::move(r.trace));
  return out;
}

}  // namespace r1
