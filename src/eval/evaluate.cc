#include "eval/evaluate.h"

#include <algorithm>
#include <cmath>

#include "base/interrupt.h"
#include "base/rng.h"
#include "bundle/bundle.h"
#include "chat/decode.h"
#include "text/utf8.h"

namespace r1 {
namespace {

Status check_options(const EvalOptions& o) {
  if (o.samples < 1) return Error::usage("samples", "is 0; expected at least 1");
  if (o.max_running < 1) return Error::usage("max_running", "is 0; expected at least 1");
  if (!(o.temperature >= 0) || !std::isfinite(o.temperature))
    return Error::usage("temperature", cat("is ", o.temperature, "; expected 0 or more"));
  return {};
}

// Feeds problems to the engine as samples finish, so that memory does not grow with the list.
class Run {
 public:
  Run(Exec exec, Model& model, const Tokenizer& tokenizer, const ChatTemplate& chat, const TaskSet& tasks,
      std::span<const Problem> problems, const EvalOptions& options)
      : engine_(exec, model, {options.max_running, 2048}),
        context_(model.config.max_position_embeddings),
        tokenizer_(tokenizer),
        chat_(chat),
        tasks_(tasks),
        problems_(problems),
        options_(options),
        graded_(problems.size(), ProblemSamples(options.samples)) {
    request_.stop_tokens = stop_tokens(model.config, tokenizer, chat);
    request_.samples = options.samples;
    request_.max_new_tokens = options.max_new_tokens > 0 ? options.max_new_tokens : context_;
    request_.sampling.temperature = options.temperature;
    request_.sampling.seed = options.seed;
  }

  Status sample_all(const EvalProgress& progress) {
    for (const std::string& word : options_.banned_words) {
      TRY_ASSIGN(const auto ids, tokens_of_word(tokenizer_, word));
      auto& banned = request_.sampling.banned_tokens;
      banned.insert(banned.end(), ids.begin(), ids.end());
    }
    const size_t total = problems_.size() * options_.samples;
    for (size_t next = 0, done = 0; done < total;) {
      if (interrupted()) return Error::interrupted();
      while (next < problems_.size() && next * options_.samples - done < 2 * options_.max_running) TRY(submit(next++));
      for (const Engine::Emitted& e : engine_.step()) {
        if (!e.last) continue;
        finish(e.sample);
        ++done;
      }
      if (progress) progress(done, total);
    }
    return {};
  }

  std::vector<ProblemSamples>& graded() { return graded_; }
  std::vector<KeptSample> take_kept() {
    std::sort(kept_.begin(), kept_.end(), [](const KeptSample& a, const KeptSample& b) {
      return std::pair(a.problem, a.sample) < std::pair(b.problem, b.sample);
    });
    return std::move(kept_);
  }

 private:
  Status submit(size_t problem) {
    TRY_ASSIGN(request_.prompt, encode_question(tokenizer_, chat_, options_.prompt, problems_[problem].prompt));
    if (request_.prompt.size() >= context_)
      return Error::invalid(cat("problem ", problem + 1),
                            cat("takes ", request_.prompt.size(), " tokens; the model's context of ", context_,
                                " leaves no room for an answer"));
    request_.stream = hash64(problems_[problem].prompt);
    first_ids_[engine_.submit(request_)] = problem;
    return {};
  }

  void finish(uint64_t id) {
    const Completion done = engine_.take(id);
    const auto& [first, index] = *std::prev(first_ids_.upper_bound(id));
    const Problem& problem = problems_[index];
    const size_t sample = size_t(id - first);
    const std::string text = completion_text(tokenizer_, done.tokens, done.stopped);
    GradedSample& graded = graded_[index][sample];
    graded = grade_sample(tasks_, problem, text, done.tokens.size(), done.stopped);
    if (sample < options_.kept_per_problem)
      kept_.push_back({index, sample, problem.task, problem.prompt, problem.answer, replace_invalid_utf8(text),
                       problem.level, graded.correct});
  }

  Engine engine_;
  size_t context_;
  const Tokenizer& tokenizer_;
  const ChatTemplate& chat_;
  const TaskSet& tasks_;
  std::span<const Problem> problems_;
  const EvalOptions& options_;
  Request request_;                       // of every problem, prompt and stream apart
  std::map<uint64_t, size_t> first_ids_;  // a problem's first sample id -> problem
  std::vector<ProblemSamples> graded_;
  std::vector<KeptSample> kept_;
};

template <class Key>
std::map<Key, EvalScores> summarise_by(std::span<const Problem> problems, const std::vector<ProblemSamples>& graded,
                                       Key (*key_of)(const Problem&)) {
  std::map<Key, std::vector<const ProblemSamples*>> groups;
  for (size_t i = 0; i < problems.size(); ++i) groups[key_of(problems[i])].push_back(&graded[i]);
  std::map<Key, EvalScores> out;
  for (const auto& [key, members] : groups) out[key] = summarise(members);
  return out;
}

}  // namespace

Result<std::vector<int>> tokens_of_word(const Tokenizer& tokenizer, const std::string& word) {
  std::vector<int> ids;
  for (const std::string& spelling : {word, " " + word})
    if (const auto id = tokenizer.token_id(spelling); id.ok()) ids.push_back(*id);
  if (ids.empty())
    return Error::usage("banned word", cat("\"", word, "\" is not one token of this model; expected one that is"));
  return ids;
}

Result<EvalReport> evaluate(Exec exec, Model& model, const Tokenizer& tokenizer, const ChatTemplate& chat,
                            const TaskSet& tasks, std::span<const Problem> problems, const EvalOptions& options,
                            const EvalProgress& progress) {
  TRY(check_options(options));
  if (problems.empty()) return Error::invalid(tasks.name(), "has no held-out problems to evaluate on");
  Run run(exec, model, tokenizer, chat, tasks, problems, options);
  TRY(run.sample_all(progress));

  EvalReport report;
  report.task = tasks.name();
  report.options = options;
  std::vector<const ProblemSamples*> all;
  for (const ProblemSamples& p : run.graded()) all.push_back(&p);
  report.all = summarise(all);
  report.by_task = summarise_by<std::string>(problems, run.graded(), [](const Problem& p) { return p.task; });
  report.by_level = summarise_by<std::pair<std::string, int>>(
      problems, run.graded(), [](const Problem& p) { return std::pair(p.task, p.level); });
  report.kept = run.take_kept();
  return report;
}

}  // namespace r1
