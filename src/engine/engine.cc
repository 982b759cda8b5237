#include "engine/engine.h"

#include <algorithm>

#include "base/interrupt.h"
#include "base/rng.h"
#include "tensor/linear.h"
#include "tensor/shape_ops.h"

namespace r1 {

struct Engine::Group {
  Request request;
  KvSequence prefix;
  std::vector<float> last_logits;  // after the prompt's last token; empty until it is prefilled
};

struct Engine::Sample {
  uint64_t id = 0, stream = 0;
  std::shared_ptr<Group> group;
  KvSequence sequence;
  Completion done;
  bool running = false;
};

Engine::Engine(Exec exec, Model& model, EngineLimits limits)
    : exec_(exec), model_(model), limits_(limits), cache_(model.config) {}
Engine::~Engine() = default;

uint64_t Engine::submit(const Request& request) {
  CHECK(!request.prompt.empty() && request.samples >= 1);
  for (int t : request.prompt) CHECK(t >= 0 && size_t(t) < model_.config.vocab_size);
  auto group = std::make_shared<Group>();
  group->request = request;
  group->prefix = cache_.make_sequence();
  const uint64_t first = next_id_;
  for (size_t i = 0; i < request.samples; ++i) {
    auto sample = std::make_unique<Sample>();
    sample->id = next_id_++;
    sample->stream = request.stream + i;
    sample->group = group;
    waiting_.push_back(sample->id);
    samples_[sample->id] = std::move(sample);
  }
  return first;
}

bool Engine::idle() const { return waiting_.empty() && running_.empty(); }

Completion Engine::take(uint64_t id) {
  cancel(id);
  const auto it = samples_.find(id);
  CHECK(it != samples_.end());
  Completion done = std::move(it->second->done);
  samples_.erase(it);
  return done;
}

void Engine::cancel(uint64_t id) {
  std::erase(waiting_, id);
  std::erase(running_, id);
  if (const auto it = samples_.find(id); it != samples_.end()) {
    it->second->sequence.clear();
    it->second->group.reset();
  }
}

Sampled Engine::draw(const Sample& sample, std::span<float> logits, std::span<float> probs) const {
  const SamplingParams& params = sample.group->request.sampling;
  return r1::sample(exec_.kernels, logits, probs, params,
                    uniform(params.seed, sample.stream, sample.done.tokens.size()));
}

// Appends a drawn token; ends the sample at a stop token, its budget, or the end of the context.
void Engine::advance(Sample& sample, Sampled drawn, std::vector<Emitted>& out) {
  const Request& request = sample.group->request;
  sample.done.tokens.push_back(drawn.token);
  sample.done.log_probs.push_back(drawn.log_prob);
  sample.done.stopped =
      std::find(request.stop_tokens.begin(), request.stop_tokens.end(), drawn.token) != request.stop_tokens.end();
  const size_t length = request.prompt.size() + sample.done.tokens.size();
  const bool last = sample.done.stopped || sample.done.tokens.size() >= request.max_new_tokens ||
                    length >= model_.config.max_position_embeddings;
  out.push_back({sample.id, drawn.token, last});
  if (!last) return;
  sample.sequence.clear();
  sample.group.reset();
  sample.running = false;
}

// Starts waiting samples whose prompt is prefilled: each forks the prompt's pages and draws its first token.
void Engine::begin_samples(std::vector<Emitted>& out) {
  std::vector<float> logits, probs(model_.config.vocab_size);
  while (!waiting_.empty() && running_.size() < limits_.max_running) {
    Sample& sample = *samples_.at(waiting_.front());
    if (sample.group->last_logits.empty()) return;
    waiting_.pop_front();
    sample.sequence = cache_.fork(sample.group->prefix);
    sample.running = true;
    logits = sample.group->last_logits;
    advance(sample, draw(sample, logits, probs), out);
    if (sample.running) running_.push_back(sample.id);
  }
}

std::vector<Engine::Emitted> Engine::step() {
  std::vector<Emitted> out;
  begin_samples(out);

  std::vector<int> tokens;
  std::vector<Piece> pieces;
  std::vector<size_t> wanted;  // rows whose logits are needed
  const std::vector<uint64_t> decoding = running_;
  for (uint64_t id : decoding) {
    Sample& s = *samples_.at(id);
    wanted.push_back(tokens.size());
    pieces.push_back({tokens.size(), 1, &s.sequence});
    tokens.push_back(s.done.tokens.back());
  }
  std::vector<std::shared_ptr<Group>> prefilled;  // those whose last chunk is in this step
  size_t budget = running_.size() < limits_.max_running ? limits_.prefill_tokens : 0;
  for (const Group* previous = nullptr; uint64_t id : waiting_) {
    const std::shared_ptr<Group>& group = samples_.at(id)->group;
    if (group.get() == previous || !group->last_logits.empty()) continue;
    previous = group.get();
    const size_t done = group->prefix.length(), chunk = std::min(budget, group->request.prompt.size() - done);
    if (chunk == 0) break;
    budget -= chunk;
    pieces.push_back({tokens.size(), chunk, &group->prefix});
    tokens.insert(tokens.end(), group->request.prompt.begin() + std::ptrdiff_t(done),
                  group->request.prompt.begin() + std::ptrdiff_t(done + chunk));
    if (done + chunk == group->request.prompt.size()) {
      wanted.push_back(tokens.size() - 1);
      prefilled.push_back(group);
    }
  }
  if (pieces.empty()) return out;

  Graph g(exec_, buffers_, false);
  const Tensor hidden = forward(g, model_, {tokens, pieces}, &cache_);
  const size_t vocab = model_.config.vocab_size;
  const Tensor logits = linear(g, pick_rows(g, hidden, wanted), model_.head());
  std::vector<Sampled> drawn(decoding.size());
  exec_.pool.for_ranges(decoding.size(), [&](size_t begin, size_t end) {
    std::vector<float> probs(vocab);
    for (size_t i = begin; i < end; ++i) drawn[i] = draw(*samples_.at(decoding[i]), {logits.row(i), vocab}, probs);
  });
  for (size_t i = 0; i < decoding.size(); ++i) advance(*samples_.at(decoding[i]), drawn[i], out);
  std::erase_if(running_, [&](uint64_t id) { return !samples_.at(id)->running; });
  for (size_t i = 0; i < prefilled.size(); ++i) {
    const float* row = logits.row(decoding.size() + i);
    prefilled[i]->last_logits.assign(row, row + vocab);
  }
  return out;
}

std::vector<std::vector<Completion>> generate(Engine& engine, std::span<const Request> requests) {
  std::vector<uint64_t> first;
  for (const Request& r : requests) first.push_back(engine.submit(r));
  while (!engine.idle() && !interrupted()) engine.step();
  std::vector<std::vector<Completion>> out(requests.size());
  for (size_t r = 0; r < requests.size(); ++r)
    for (size_t i = 0; i < requests[r].samples; ++i) out[r].push_back(engine.take(first[r] + i));
  return out;
}

}  // namespace r1
