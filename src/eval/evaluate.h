// Samples a model on problems and grades what it writes.
//
// A problem's samples depend on (weights, its prompt, options) only: not on the other problems, their order, or limits.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "eval/scores.h"
#include "tasks/task_set.h"
#include "text/r1_zero.h"
#include "text/tokenizer.h"

namespace r1 {

struct EvalOptions {
  PromptStyle prompt = PromptStyle::chat;
  size_t samples = 16;
  float temperature = 1;      // 0: greedy
  size_t max_new_tokens = 0;  // 0: to the end of the context
  uint64_t seed = 0;
  std::vector<std::string> banned_words;  // never drawn, alone or after a space; each must be one token
  size_t max_running = 384;               // sequences that decode together; changes no result
  size_t kept_per_problem = 1;            // samples whose text the report keeps
};

struct KeptSample {
  size_t problem = 0, sample = 0;  // index in the list, and of the sample
  std::string task, prompt, reference, completion;
  int level = 0;
  bool correct = false;
};

struct EvalReport {
  std::string task;
  EvalOptions options;
  EvalScores all;
  std::map<std::string, EvalScores> by_task;
  std::map<std::pair<std::string, int>, EvalScores> by_level;  // of each task
  std::vector<KeptSample> kept;                                // by problem, then sample
};

using EvalProgress = std::function<void(size_t samples_done, size_t samples_in_all)>;

// Errors: no problems, options out of range, a banned word that is no token, a prompt that leaves no room in the
// context (the problem is named), Ctrl-C.
Result<EvalReport> evaluate(Exec exec, Model& model, const Tokenizer& tokenizer, const ChatTemplate& chat,
                            const TaskSet& tasks, std::span<const Problem> problems, const EvalOptions& options,
                            const EvalProgress& progress = {});

// The ids that spell the word, alone or after one space. Error if there is none.
Result<std::vector<int>> tokens_of_word(const Tokenizer& tokenizer, const std::string& word);

// One JSON object: options, named_scores, "by_task", "by_level" and "kept".
std::string report_to_json(const EvalReport& report);
// For people: a row for each task and level, and one for all.
std::string report_table(const EvalReport& report);

}  // namespace r1
