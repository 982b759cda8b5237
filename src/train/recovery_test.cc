// A run that is stopped, killed or out of space ends, once resumed, in the bytes of a run that was not.
#include <signal.h>

#include "train/failing_files.h"
#include "train/test_run.h"

namespace r1 {
namespace {

using testing::contains;
using testing::fixed_bytes;
using testing::FullDisk;
using testing::Killed;
using testing::TempFolder;
using testing::tiny_grpo;
using testing::tiny_pretrain;
using testing::tiny_tokenizer;
using testing::TinyRun;

enum class Kind { pretrain, grpo };

// One process's part of a run, from a fresh model on.
Result<RunEnd> process(Kind kind, const std::string& folder, Files& files = real_files(), size_t threads = 1,
                       const StepListener& on_step = {}) {
  TinyRun run(threads);
  TrainContext ctx = run.context(folder, files);
  ctx.on_step = on_step;
  if (run_is_finished(ctx)) return RunEnd::finished;
  if (kind == Kind::pretrain)
    return run_pretrain(ctx, tiny_pretrain(), run.trained(), *corpus_source({}, tiny_tokenizer(), run.chat, 3));
  TRY_ASSIGN(const auto tasks, open_task_set("chain", {}));
  TRY_ASSIGN(const GrpoOutcome outcome, run_grpo(ctx, tiny_grpo(), run.trained(), *tasks));
  EXPECT_EQ(outcome.on_policy_max_abs_logprob_diff, 0);
  return outcome.end;
}

std::string straight(Kind kind) {
  TempFolder folder;
  const auto end = process(kind, folder.path);
  EXPECT_TRUE(end.ok()) << end.error().text();
  return fixed_bytes(folder.path);
}

class Recovery : public ::testing::TestWithParam<Kind> {
 protected:
  void TearDown() override { clear_interrupt(); }
};
INSTANTIATE_TEST_SUITE_P(Runs, Recovery, ::testing::Values(Kind::pretrain, Kind::grpo),
                         [](const auto& info) { return info.param == Kind::pretrain ? "Pretrain" : "Grpo"; });

TEST_P(Recovery, StoppedAfterEachStepItResumesToTheSameBytes) {
  install_interrupt_handler();
  const std::string expected = straight(GetParam());
  for (const int64_t stop_at : {1, 2}) {
    TempFolder folder;
    const auto stopped = process(GetParam(), folder.path, real_files(), 1, [&](int64_t step, int64_t, const Metrics&) {
      if (step == stop_at) ::raise(SIGINT);
    });
    ASSERT_TRUE(stopped.ok()) << stopped.error().text();
    EXPECT_EQ(*stopped, RunEnd::interrupted);
    EXPECT_FALSE(real_files().exists(folder / "final"));
    clear_interrupt();
    const auto resumed = process(GetParam(), folder.path, real_files(), 2);  // on other threads, too
    ASSERT_TRUE(resumed.ok()) << resumed.error().text();
    EXPECT_EQ(*resumed, RunEnd::finished);
    EXPECT_TRUE(fixed_bytes(folder.path) == expected) << "stopped at " << stop_at;
  }
}

TEST_P(Recovery, StoppedBeforeItsFirstStepItStartsAgain) {
  install_interrupt_handler();
  TempFolder folder;
  ::raise(SIGINT);
  const auto stopped = process(GetParam(), folder.path);
  ASSERT_TRUE(stopped.ok());
  EXPECT_EQ(*stopped, RunEnd::interrupted);
  clear_interrupt();
  ASSERT_TRUE(process(GetParam(), folder.path).ok());
  EXPECT_TRUE(fixed_bytes(folder.path) == straight(GetParam()));
}

// Killed in the middle of every single change it makes to the disk, temporary files and half-removed folders included.
TEST_P(Recovery, KilledAtAnyChangeOfTheDiskItResumesToTheSameBytes) {
  const std::string expected = straight(GetParam());
  size_t kills = 0;
  for (size_t k = 0;; ++k) {
    TempFolder folder;
    Killed files(k);
    const auto end = process(GetParam(), folder.path, files);
    if (!files.dead()) break;
    ++kills;
    const auto resumed = process(GetParam(), folder.path);
    ASSERT_TRUE(resumed.ok()) << "killed at change " << k << ": " << resumed.error().text();
    ASSERT_TRUE(fixed_bytes(folder.path) == expected) << "killed at change " << k;
    for (const std::string& name : real_files().list(folder.path).value()) EXPECT_NE(name, "final.writing");
  }
  EXPECT_GT(kills, 50u);
}

// Killed again and again, each time a few changes further.
TEST_P(Recovery, KilledManyTimesInOneRun) {
  TempFolder folder;
  size_t kills = 0;
  for (uint64_t i = 0;; ++i) {
    Killed files(26 + i % 20);  // often less than a step needs, sometimes enough
    if (const auto end = process(GetParam(), folder.path, files); !files.dead()) {
      ASSERT_TRUE(end.ok()) << end.error().text();
      break;
    }
    ASSERT_LT(++kills, 200u);
  }
  EXPECT_GT(kills, 1u);
  EXPECT_TRUE(fixed_bytes(folder.path) == straight(GetParam()));
}

TEST_P(Recovery, AFullDiskIsAnErrorAndLeavesTheLastCheckpoint) {
  const std::string expected = straight(GetParam());
  for (size_t room = 3000; room < 4'000'000; room = room * 8 / 5) {
    TempFolder folder;
    FullDisk files(room);
    const auto end = process(GetParam(), folder.path, files);
    if (end.ok()) break;
    EXPECT_TRUE(contains(end.error().text(), "No space left on device"));
    EXPECT_TRUE(contains(end.error().text(), folder.path));
    EXPECT_FALSE(real_files().exists(folder / "final.writing"));
    if (const auto names = real_files().list(folder / "checkpoints"); names.ok())
      for (const std::string& name : *names) {
        EXPECT_TRUE(name.starts_with("step-")) << name;  // nothing half-made is left to fill the disk
        EXPECT_TRUE(open_bundle(folder / ("checkpoints/" + name), {}).ok());
      }
    const auto resumed = process(GetParam(), folder.path);  // with space again
    ASSERT_TRUE(resumed.ok()) << resumed.error().text();
    EXPECT_TRUE(fixed_bytes(folder.path) == expected) << room << " bytes of room";
  }
}

}  // namespace
}  // namespace r1
