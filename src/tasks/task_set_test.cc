#include "tasks/task_set.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <set>

namespace r1 {
namespace {

std::unique_ptr<TaskSet> open(const std::string& name, const TaskSetOptions& options = {}) {
  auto set = open_task_set(name, options);
  EXPECT_TRUE(set.ok()) << set.error().text();
  return std::move(set).value();
}

class TaskFiles : public ::testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view text) {
    const std::string path = cat(dir_, "/", name);
    EXPECT_TRUE(real_files().make_directories(dir_).ok());
    EXPECT_TRUE(real_files().write(path, text).ok());
    return path;
  }
  void TearDown() override { EXPECT_TRUE(real_files().remove_all(dir_).ok()); }
  const std::string dir_ = cat(::testing::TempDir(), "r1_task_set_", ::getpid());
};

std::string lines(int begin, int end) {
  std::string text;
  for (int i = begin; i < end; ++i) text += cat("{\"prompt\":\"item ", i, "\",\"answer\":", i, "}\n");
  return text;
}

TEST(Split, HoldsOutOneInTen) {
  int heldout = 0;
  for (int i = 0; i < 100000; ++i) heldout += split_of(cat("item ", i)) == Split::heldout;
  EXPECT_NEAR(heldout, 10000, 400);
}

// What training sees, 100k pages of the corpus, demonstrations and RL problems, against everything ever evaluated.
TEST(Split, CorpusDemonstrationsAndRlNeverMeetTheHeldOutItems) {
  const auto set = open("quickstart");
  std::set<std::string> heldout;
  for (uint64_t seed = 0; seed < 20; ++seed)
    for (const Problem& p : set->heldout(500, seed)) heldout.insert(p.canonical);
  EXPECT_GT(heldout.size(), 3000u);
  const CorpusConfig config;
  std::set<std::string> trained;
  for (const Document& page : make_corpus(config, 1, 100000))
    if (page.kind == PageKind::problem) trained.insert(page.problem.canonical);
  for (const Document& page : make_demonstrations(config, 1, 2000)) trained.insert(page.problem.canonical);
  for (uint64_t i = 0; i < 100000; ++i) trained.insert(set->train_problem(1, i).canonical);
  EXPECT_GT(trained.size(), 50000u);
  for (const std::string& item : trained) {
    ASSERT_FALSE(heldout.contains(item)) << item;
    ASSERT_EQ(split_of(item), Split::train);
  }
}

TEST(Split, IsTheSameForEveryWordingAndOrder) {
  const Countdown item{{8, 4, 3}, 20};
  const Problem en = countdown_problem(item, 60, Language::english),
                zh = countdown_problem(item, 60, Language::chinese);
  const auto general = parse_jsonl_problems(
      "{\"prompt\":\"Using the numbers [3, 8, 4], create an equation that equals "
      "20.\",\"answer\":\"3*8-4\",\"verifier\":"
      "\"countdown\"}",
      "x.jsonl", {});
  ASSERT_TRUE(general.ok());
  EXPECT_EQ(en.canonical, zh.canonical);
  EXPECT_EQ(en.canonical, (*general)[0].canonical);
}

TEST(TaskSet, GeneratorsArePureFunctionsOfSeedAndIndex) {
  for (std::string_view name : task_set_names()) {
    const auto a = open(std::string(name)), b = open(std::string(name));
    EXPECT_EQ(a->name(), name);
    int differ = 0;
    for (uint64_t i = 100; i-- > 0;) {
      const Problem p = a->train_problem(7, i);
      EXPECT_EQ(p.prompt, b->train_problem(7, i).prompt);
      EXPECT_EQ(split_of(p), Split::train);
      EXPECT_TRUE(a->grade(p, "<think></think><answer>" + p.answer + "</answer>").correct) << p.prompt;
      EXPECT_FALSE(a->grade(p, "<think></think><answer>1 + 1 + 1</answer>").correct);
      differ += p.prompt != a->train_problem(8, i).prompt;
    }
    EXPECT_GT(differ, 90);
  }
}

TEST(TaskSet, HeldOutListsAreFixedAndDistinct) {
  for (std::string_view name : task_set_names()) {
    const auto set = open(std::string(name));
    const auto list = set->heldout(60, 3), again = set->heldout(60, 3);
    ASSERT_EQ(list.size(), 60u) << name;
    std::set<std::string> prompts;
    for (size_t i = 0; i < list.size(); ++i) {
      EXPECT_EQ(list[i].prompt, again[i].prompt);
      EXPECT_EQ(split_of(list[i]), Split::heldout);
      prompts.insert(list[i].prompt);
    }
    EXPECT_EQ(prompts.size(), 60u);
    EXPECT_TRUE(set->heldout(0, 3).empty());
  }
}

TEST(TaskSet, QuickstartIsHalfAndHalfInBothLanguages) {
  const auto set = open("quickstart");
  std::map<std::string, int> train, heldout;
  for (uint64_t i = 0; i < 4000; ++i) {
    const Problem p = set->train_problem(1, i);
    ++train[p.task], ++train[p.language];
  }
  for (const Problem& p : set->heldout(100, 1)) ++heldout[p.task], ++heldout[p.language];
  for (const char* key : {"chain", "countdown", "en", "zh"}) {
    EXPECT_NEAR(train[key], 2000, 150) << key;
    EXPECT_NEAR(heldout[key], 50, 15) << key;
  }
  EXPECT_EQ(heldout["chain"], 50);
}

// There are few held-out Countdown problems; the rest of a long list is chains.
TEST(TaskSet, ASmallTaskGivesAllItHas) {
  const auto countdown = open("countdown")->heldout(1000, 1);
  int every = 0;
  for (const Countdown& item : all_countdowns({}))
    every += split_of(countdown_problem(item, 60, Language::english)) == Split::heldout;
  EXPECT_EQ(countdown.size(), size_t(2 * every));
  EXPECT_EQ(open("quickstart")->heldout(1000, 1).size(), 1000u);
}

TEST(TaskSet, UnknownNamesListTheKnown) {
  const auto set = open_task_set("cuontdown", {});
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(
      set.error().text(),
      "task: is \"cuontdown\"; expected chain, countdown, quickstart, countdown-tinyzero, or the path of a .jsonl "
      "file");
  EXPECT_FALSE(open_task_set("missing.jsonl", {}).ok());
  EXPECT_FALSE(open_task_set("", {}).ok());
  TaskSetOptions options;
  options.heldout_path = "x.jsonl";
  EXPECT_EQ(open_task_set("chain", options).error().where, "heldout_path");
  options = {};
  options.corpus.tag_share = 2;
  EXPECT_EQ(open_task_set("chain", options).error().where, "corpus.tag_share");
  options = {};
  options.general.min_count = 9;
  EXPECT_EQ(open_task_set("countdown-tinyzero", options).error().where, "countdown.min_count");
}

TEST_F(TaskFiles, AFileIsSplitByHashAndEachPassHoldsEveryItemOnce) {
  const auto set = open(write("mine.jsonl", lines(0, 200)));
  const size_t n = set->train_size();
  EXPECT_NEAR(double(n), 180, 15);
  const auto heldout = set->heldout(1000, 1);
  EXPECT_EQ(heldout.size(), 200 - n);
  std::vector<std::string> first, second;
  for (size_t i = 0; i < 2 * n; ++i) (i < n ? first : second).push_back(set->train_problem(5, i).prompt);
  EXPECT_NE(first, second);
  const std::set<std::string> a(first.begin(), first.end()), b(second.begin(), second.end());
  EXPECT_EQ(a.size(), n);
  EXPECT_EQ(a, b);
  for (const Problem& p : heldout) EXPECT_FALSE(a.contains(p.prompt));
  EXPECT_TRUE(set->notes().empty());
}

TEST_F(TaskFiles, AHeldOutFileTakesItsItemsOutOfTraining) {
  TaskSetOptions options;
  options.heldout_path = write("test.jsonl", lines(90, 110));
  const auto set = open(write("train.jsonl", lines(0, 100)), options);
  EXPECT_EQ(set->train_size(), 90u);
  EXPECT_EQ(set->heldout(50, 1).size(), 20u);
  ASSERT_EQ(set->notes().size(), 1u);
  EXPECT_NE(set->notes()[0].find("10 of 100 problems are in"), std::string::npos);
  EXPECT_FALSE(open_task_set(options.heldout_path, options).ok());  // nothing would be left to train on
}

TEST_F(TaskFiles, TooSmallAFileSaysSo) {
  const auto one_of = [&](Split split) {
    for (int i = 0;; ++i)
      if (split_of(cat("item ", i)) == split) return write("one.jsonl", lines(i, i + 1));
  };
  const auto set = open(one_of(Split::train));
  EXPECT_TRUE(set->heldout(10, 1).empty());
  EXPECT_EQ(set->notes().size(), 1u);
  const auto all_heldout = open_task_set(one_of(Split::heldout), {});
  ASSERT_FALSE(all_heldout.ok());
  EXPECT_NE(all_heldout.error().message.find("all in the held-out tenth"), std::string::npos);
  EXPECT_FALSE(open_task_set(write("empty.jsonl", ""), {}).ok());
  EXPECT_FALSE(open_task_set(dir_, {}).ok());
}

}  // namespace
}  // namespace r1
