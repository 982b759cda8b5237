#include "tasks/task_set.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <utility>

#include "tasks/shuffle.h"

namespace r1 {
namespace {

constexpr uint64_t kTrainStream = 0x747261696E, kHeldoutStream = 0x68656C64, kOrderStream = 0x6F72646572;

Rng item_rng(uint64_t seed, uint64_t kind, uint64_t index) { return {seed, mix64(mix64(kind) + index), 0}; }

using Draw = std::function<Problem(Rng&)>;

// A weighted mix of generators.
class GeneratedSet final : public TaskSet {
 public:
  struct Part {
    double share;
    Draw draw;
  };
  GeneratedSet(std::string name, std::vector<Part> parts) : name_(std::move(name)), parts_(std::move(parts)) {}

  std::string name() const override { return name_; }

  Problem train_problem(uint64_t seed, uint64_t index) const override {
    Rng rng = item_rng(seed, kTrainStream, index);
    const Part& part = pick(rng);
    for (;;)
      if (Problem problem = part.draw(rng); split_of(problem) == Split::train) return problem;
  }

  // Each part gives its share; what a small part cannot fill, the others do.
  std::vector<Problem> heldout(size_t count, uint64_t seed) const override {
    std::vector<Problem> problems;
    std::set<std::string> seen;
    double share = 0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      share += parts_[i].share;
      collect(i, size_t(share * double(count) + 0.5), seed, problems, seen);
    }
    for (size_t i = 0; i < parts_.size() && problems.size() < count; ++i)
      collect(i, count, seed + 1 + i, problems, seen);
    Rng order = item_rng(seed, kOrderStream, 0);
    order.shuffle(problems);
    return problems;
  }

  // Whether each part with a share has a train problem within reach.
  bool has_train_problems() const {
    return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) {
      Rng rng = item_rng(0, kTrainStream, 0);
      for (int i = 0; i < 200; ++i)
        if (split_of(part.draw(rng)) == Split::train) return true;
      return false;
    });
  }

 private:
  const Part& pick(Rng& rng) const {
    double draw = rng.uniform();
    for (const Part& part : parts_) {
      if (draw < part.share) return part;
      draw -= part.share;
    }
    return parts_.back();
  }

  // Draws from a part until there are `size` problems in all, or hardly any new one turns up.
  void collect(size_t part, size_t size, uint64_t seed, std::vector<Problem>& problems,
               std::set<std::string>& seen) const {
    Rng rng = item_rng(seed, kHeldoutStream, part);
    for (size_t misses = 0; problems.size() < size && misses < 20000; ++misses) {
      Problem problem = parts_[part].draw(rng);
      if (split_of(problem) != Split::heldout || !seen.insert(problem.prompt).second) continue;
      problems.push_back(std::move(problem));
      misses = 0;
    }
  }

  std::string name_;
  std::vector<Part> parts_;
};

class FileSet final : public TaskSet {
 public:
  FileSet(std::string name, std::vector<Problem> train, std::vector<Problem> heldout, std::vector<std::string> notes)
      : name_(std::move(name)), train_(std::move(train)), heldout_(std::move(heldout)), notes_(std::move(notes)) {}

  std::string name() const override { return name_; }
  size_t train_size() const override { return train_.size(); }
  std::vector<std::string> notes() const override { return notes_; }

  Problem train_problem(uint64_t seed, uint64_t index) const override {
    const uint64_t n = train_.size(), pass = index / n;
    return train_[shuffled(index % n, n, seed, mix64(mix64(kTrainStream) + pass))];
  }

  std::vector<Problem> heldout(size_t count, uint64_t seed) const override {
    std::vector<Problem> problems;
    const uint64_t n = heldout_.size();
    for (uint64_t i = 0; i < n && problems.size() < count; ++i)
      problems.push_back(heldout_[shuffled(i, n, seed, kHeldoutStream)]);
    return problems;
  }

 private:
  std::string name_;
  std::vector<Problem> train_, heldout_;
  std::vector<std::string> notes_;
};

constexpr uint64_t kMaxFile = uint64_t(4) << 30;

Result<std::vector<Problem>> read_problems(const std::string& path, const JsonlOptions& options, Files& files) {
  TRY_ASSIGN(const std::string text, files.read(path, kMaxFile));
  return parse_jsonl_problems(text, path, options);
}

std::vector<Problem> distinct_prompts(std::vector<Problem> problems) {
  std::set<std::string> seen;
  std::erase_if(problems, [&](const Problem& p) { return !seen.insert(p.prompt).second; });
  return problems;
}

Result<std::unique_ptr<TaskSet>> open_file_set(const std::string& path, const TaskSetOptions& options, Files& files) {
  TRY_ASSIGN(std::vector<Problem> train, read_problems(path, options.jsonl, files));
  std::vector<Problem> heldout;
  std::vector<std::string> notes;
  if (options.heldout_path.empty()) {
    const auto rest =
        std::stable_partition(train.begin(), train.end(), [](const Problem& p) { return split_of(p) == Split::train; });
    heldout.assign(std::make_move_iterator(rest), std::make_move_iterator(train.end()));
    train.erase(rest, train.end());
    if (heldout.empty())
      notes.push_back(cat(path, ": none of its ", train.size(), " problems falls in the held-out tenth; there will be ",
                          "no held-out figures (a held-out file gives some)"));
    if (train.empty())
      return Error::invalid(path, cat("has ", heldout.size(), " problems, all in the held-out tenth; expected more"));
  } else {
    TRY_ASSIGN(heldout, read_problems(options.heldout_path, options.jsonl, files));
    std::set<std::string> hidden;
    for (const Problem& p : heldout) hidden.insert(p.canonical);
    const size_t before = train.size();
    std::erase_if(train, [&](const Problem& p) { return hidden.contains(p.canonical); });
    if (train.empty())
      return Error::invalid(path, cat("has only problems that are in ", options.heldout_path, " too; expected others"));
    if (train.size() < before)
      notes.push_back(cat(path, ": ", before - train.size(), " of ", before, " problems are in ", options.heldout_path,
                          " too; left out of training"));
  }
  return std::unique_ptr<TaskSet>(
      std::make_unique<FileSet>(path, std::move(train), distinct_prompts(std::move(heldout)), std::move(notes)));
}

// "chain" and "countdown" are the quickstart's mix with one share at 1.
std::vector<GeneratedSet::Part> quickstart_parts(CorpusConfig config, double chain_share) {
  std::vector<GeneratedSet::Part> parts;
  const auto add = [&](double share, double chains) {
    config.chain_share = chains;
    if (share > 0) parts.push_back({share, [config](Rng& rng) { return draw_problem(config, rng); }});
  };
  add(chain_share, 1);
  add(1 - chain_share, 0);
  return parts;
}

using Parts = std::vector<GeneratedSet::Part>;
struct BuiltIn {
  std::string_view name;
  Result<Parts> (*parts)(const TaskSetOptions&);
};

template <class Share>
Result<Parts> validated_mix(const TaskSetOptions& options, Share share) {
  TRY(options.corpus.validate());
  return quickstart_parts(options.corpus, share(options.corpus));
}

const std::array kBuiltIns = {
    BuiltIn{"chain", [](const TaskSetOptions& o) { return validated_mix(o, [](const auto&) { return 1.0; }); }},
    BuiltIn{"countdown", [](const TaskSetOptions& o) { return validated_mix(o, [](const auto&) { return 0.0; }); }},
    BuiltIn{"quickstart",
            [](const TaskSetOptions& o) { return validated_mix(o, [](const auto& c) { return c.chain_share; }); }},
    BuiltIn{"countdown-tinyzero",
            [](const TaskSetOptions& o) -> Result<Parts> {
              TRY(o.general.validate());
              return Parts{{1.0, [c = o.general](Rng& rng) { return draw_general_countdown(c, rng); }}};
            }},
};

}  // namespace

std::vector<std::string_view> task_set_names() {
  std::vector<std::string_view> names;
  for (const BuiltIn& built_in : kBuiltIns) names.push_back(built_in.name);
  return names;
}

Result<std::unique_ptr<TaskSet>> open_task_set(const std::string& name_or_path, const TaskSetOptions& options,
                                               Files& files) {
  for (const BuiltIn& built_in : kBuiltIns) {
    if (built_in.name != name_or_path) continue;
    if (!options.heldout_path.empty())
      return Error::invalid("heldout_path", cat("is \"", options.heldout_path, "\", but the built-in task \"",
                                                name_or_path, "\" holds out a tenth by itself"));
    TRY_ASSIGN(Parts parts, built_in.parts(options));
    auto set = std::make_unique<GeneratedSet>(name_or_path, std::move(parts));
    if (!set->has_train_problems())
      return Error::invalid("task", cat("\"", name_or_path, "\" leaves no problem outside the held-out tenth"));
    return std::unique_ptr<TaskSet>(std::move(set));
  }
  if (files.exists(name_or_path) || name_or_path.ends_with(".jsonl"))
    return open_file_set(name_or_path, options, files);
  std::string names;
  for (std::string_view name : task_set_names()) names += cat(name, ", ");
  return Error::invalid("task", cat("is \"", name_or_path, "\"; expected ", names, "or the path of a .jsonl file"));
}

}  // namespace r1
