#include "eval/evaluate.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/interrupt.h"
#include "bundle/test_bundle.h"
#include "kernels/targets.h"

namespace r1 {
namespace {

using testing::contains;

// Random weights answer nonsense, which is enough: what is tested here is that the nonsense is always the same.
struct Fixture {
  explicit Fixture(size_t threads = 1)
      : pool(threads),
        bundle(testing::small_bundle("tiny-v3", 3, {"wait", "等等"})),
        model(bundle.config, std::move(bundle.weights)) {}

  Result<EvalReport> run(std::span<const Problem> problems, const EvalOptions& options) {
    return evaluate({*all_kernels().front(), pool}, model, bundle.tokenizer, bundle.chat, *tasks, problems, options);
  }
  std::string error(std::span<const Problem> problems, const EvalOptions& options) {
    const auto report = run(problems, options);
    return report.ok() ? "no error" : report.error().text();
  }

  ThreadPool pool;
  ModelBundle bundle;
  Model model;
  std::unique_ptr<TaskSet> tasks = open_task_set("quickstart", {}).value();
};

EvalOptions small_options() {
  EvalOptions o;
  o.samples = 4;
  o.max_new_tokens = 12;
  o.kept_per_problem = 4;
  return o;
}

TEST(Evaluate, DoesNotDependOnThreadsOrOnWhatRunsTogether) {
  Fixture one(1), two(2);
  const std::vector<Problem> problems = one.tasks->heldout(6, 0);
  EvalOptions options = small_options();
  const std::string expected = report_to_json(*one.run(problems, options));
  EXPECT_EQ(report_to_json(*two.run(problems, options)), expected);
  options.max_running = 1;
  EXPECT_EQ(report_to_json(*one.run(problems, options)), expected);
  options.max_running = 3;
  EXPECT_EQ(report_to_json(*two.run(problems, options)), expected);
}

TEST(Evaluate, AProblemsSamplesDependOnItAlone) {
  Fixture f;
  std::vector<Problem> problems = f.tasks->heldout(5, 0);
  const EvalReport all = *f.run(problems, small_options());
  const EvalReport last = *f.run(std::span(problems).last(1), small_options());
  ASSERT_EQ(all.kept.size(), 20u);
  ASSERT_EQ(last.kept.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(all.kept[16 + i].completion, last.kept[i].completion);
  std::vector<std::string> texts;
  for (const KeptSample& s : last.kept) texts.push_back(s.completion);
  std::sort(texts.begin(), texts.end());
  EXPECT_GT(std::unique(texts.begin(), texts.end()) - texts.begin(), 1);  // samples differ from each other

  EvalOptions other = small_options();
  other.seed = 1;
  EXPECT_NE(f.run(problems, other)->kept[0].completion, all.kept[0].completion);
}

TEST(Evaluate, TasksAndLevelsAddUp) {
  Fixture f;
  const std::vector<Problem> problems = f.tasks->heldout(8, 0);
  const EvalReport report = *f.run(problems, small_options());
  EXPECT_EQ(report.all.problems, 8u);
  size_t of_tasks = 0, of_levels = 0;
  for (const auto& [task, scores] : report.by_task) of_tasks += scores.problems;
  for (const auto& [level, scores] : report.by_level) of_levels += scores.problems;
  EXPECT_EQ(of_tasks, 8u);
  EXPECT_EQ(of_levels, 8u);
  EXPECT_GT(report.by_task.size(), 1u);
  EXPECT_LE(report.all.mean_length, 12);
  EXPECT_GT(report.all.mean_length, 0);
}

TEST(Evaluate, LengthIsCutAtTheBudgetOrTheContext) {
  Fixture f;
  const std::vector<Problem> problems = f.tasks->heldout(2, 0);
  EvalOptions options = small_options();
  options.max_new_tokens = 3;
  EXPECT_LE(f.run(problems, options)->all.mean_length, 3);
  options.max_new_tokens = 0;
  EXPECT_LE(f.run(problems, options)->all.mean_length, 96);
}

TEST(Evaluate, BannedWordsAreNeverDrawn) {
  Fixture f;
  const std::vector<int> ids = *tokens_of_word(f.bundle.tokenizer, "wait");
  EXPECT_EQ(ids.size(), 2u);  // alone, and after a space
  EvalOptions options = small_options();
  options.samples = 64;
  std::vector<Problem> problems = f.tasks->heldout(4, 0);
  EXPECT_GT(f.run(problems, options)->all.reflective, 0);
  options.banned_words = {"wait", "等等"};
  EXPECT_EQ(f.run(problems, options)->all.reflective, 0);
  options.banned_words = {"perhaps"};
  EXPECT_TRUE(contains(f.error(problems, options), "\"perhaps\" is not one token"));
}

TEST(Evaluate, BadInputIsNamed) {
  Fixture f;
  std::vector<Problem> problems = f.tasks->heldout(3, 0);
  EXPECT_TRUE(contains(f.error({}, small_options()), "quickstart"));
  EvalOptions options = small_options();
  options.samples = 0;
  EXPECT_TRUE(contains(f.error(problems, options), "samples"));
  options = small_options();
  options.temperature = -1;
  EXPECT_TRUE(contains(f.error(problems, options), "temperature: is -1"));
  problems[1].prompt = std::string(200, 'x');
  EXPECT_TRUE(contains(f.error(problems, small_options()), "problem 2"));
  EXPECT_TRUE(contains(f.error(problems, small_options()), "context of 96"));
}

TEST(Evaluate, IdsBeyondTheTokenizerAreText) {
  Fixture f;
  ModelConfig padded = testing::small_config("tiny-llama", 5000);  // most draws are ids without a token
  Weights weights = allocate_weights(padded, false, false);
  initialise(padded, weights, 1, 0.3f);
  Model model(padded, std::move(weights));
  const std::vector<Problem> problems = f.tasks->heldout(2, 0);
  const auto report = evaluate({*all_kernels().front(), f.pool}, model, f.bundle.tokenizer, f.bundle.chat, *f.tasks, problems,
                               small_options());
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_TRUE(contains(report->kept[0].completion, "\uFFFD"));
}

TEST(Evaluate, ReportsAreJsonWithTheContractsNames) {
  Fixture f;
  EvalOptions options = small_options();
  options.temperature = 0.6f;
  const EvalReport report = *f.run(f.tasks->heldout(4, 0), options);
  const auto j = nlohmann::json::parse(report_to_json(report));
  for (const char* key : {"pass@1", "pass@4", "cons@4", "mean_length", "format", "pass@1_format_blind", "pass@1_error",
                          "by_task", "kept"})
    EXPECT_TRUE(j.contains(key)) << key;
  EXPECT_EQ(j["temperature"].dump(), "0.6");
  EXPECT_EQ(j["kept"].size(), 16u);
  EXPECT_TRUE(contains(report_table(report), "pass@4"));
  EXPECT_TRUE(contains(report_table(report), "all"));
}

}  // namespace
}  // namespace r1
