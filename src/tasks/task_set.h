// Where trainer and evaluation get their problems: a built-in generator, or a user's JSONL file.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/result.h"
#include "tasks/corpus.h"
#include "tasks/countdown_general.h"
#include "tasks/grade.h"
#include "tasks/jsonl_task.h"
#include "tasks/problem.h"

namespace r1 {

// Thread safety: const members may be called from many threads.
class TaskSet {
 public:
  virtual ~TaskSet() = default;
  virtual std::string name() const = 0;
  // Depends on (this set, seed, index) only; never a held-out problem. Over a file, each run of train_size() indices
  // from a multiple of it holds every train problem once, in an order of its own.
  virtual Problem train_problem(uint64_t seed, uint64_t index) const = 0;
  // A fixed list of held-out problems with distinct prompts: `count` of them, or as many as there are.
  virtual std::vector<Problem> heldout(size_t count, uint64_t seed) const = 0;
  virtual size_t train_size() const { return 0; }  // 0: endless
  // What a user should know at the start, one line each ("3 of 100 lines are in the held-out file: left out").
  virtual std::vector<std::string> notes() const { return {}; }
  virtual Verdict grade(const Problem& problem, std::string_view completion) const {
    return r1::grade(problem, completion);
  }
};

struct TaskSetOptions {
  CorpusConfig corpus;             // problems of chain, countdown and quickstart; its shares of tasks and languages
  CountdownGeneralConfig general;  // problems of countdown-tinyzero
  JsonlOptions jsonl;
  std::string heldout_path;  // JSONL sets: hold out this file's problems instead of a tenth of the main file's
};

// "chain", "countdown" (the quickstart's form), "quickstart" (both), "countdown-tinyzero", or the path of a JSONL file.
// A JSONL set whose every line is held out is an Error; one whose tenth is empty has an empty heldout() and a note.
Result<std::unique_ptr<TaskSet>> open_task_set(const std::string& name_or_path, const TaskSetOptions& options,
                                               Files& files = real_files());

// The built-in names.
std::vector<std::string_view> task_set_names();

}  // namespace r1
