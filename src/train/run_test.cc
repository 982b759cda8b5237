#include "train/run.h"

#include "train/test_run.h"

namespace r1 {
namespace {

using testing::contains;
using testing::slurp;
using testing::TempFolder;
using testing::tiny_pretrain;
using testing::TinyRun;

TEST(BeginRun, WritesTheConfigAndTakesItBack) {
  TempFolder folder;
  TinyRun run;
  TrainContext ctx = run.context(folder / "a/b");
  ASSERT_TRUE(begin_run(ctx, tiny_pretrain()).ok());
  EXPECT_EQ(slurp(folder / "a/b/config.toml"), write_config(tiny_pretrain()));
  EXPECT_TRUE(begin_run(ctx, tiny_pretrain()).ok());
}

TEST(BeginRun, AnotherConfigIsAnErrorThatNamesTheKeys) {
  TempFolder folder;
  TinyRun run;
  TrainContext ctx = run.context(folder.path);
  ASSERT_TRUE(begin_run(ctx, tiny_pretrain()).ok());
  ASSERT_TRUE(real_files().write(folder / "metrics.jsonl", "{\"step\":1}\n").ok());
  const std::string before = slurp(folder / "config.toml");
  PretrainConfig other = tiny_pretrain();
  other.steps = 7;
  other.optimizer.lr = 0.5;
  const Status s = begin_run(ctx, other);
  ASSERT_FALSE(s.ok());
  EXPECT_TRUE(contains(s.error().text(), folder.path));
  EXPECT_TRUE(contains(s.error().text(), "steps: 3 and 7"));
  EXPECT_TRUE(contains(s.error().text(), "optimizer.lr: 0.001 and 0.5"));
  EXPECT_FALSE(contains(s.error().text(), "seed"));
  EXPECT_EQ(slurp(folder / "config.toml"), before);
}

TEST(BeginRun, AConfigWithoutAStepTakenMayBeCorrected) {
  TempFolder folder;
  TinyRun run;
  TrainContext ctx = run.context(folder.path);
  ASSERT_TRUE(begin_run(ctx, tiny_pretrain()).ok());
  ASSERT_TRUE(real_files().write(folder / "metrics.jsonl", "").ok());
  PretrainConfig other = tiny_pretrain();
  other.steps = 7;
  EXPECT_TRUE(begin_run(ctx, other).ok());
  EXPECT_EQ(slurp(folder / "config.toml"), write_config(other));
  ASSERT_TRUE(real_files().make_directories(folder / "checkpoints").ok());
  EXPECT_FALSE(begin_run(ctx, tiny_pretrain()).ok());
}

TEST(BeginRun, ADamagedConfigIsNamed) {
  TempFolder folder;
  TinyRun run;
  ASSERT_TRUE(real_files().write(folder / "config.toml", "steps = \"x\"\n").ok());
  TrainContext ctx = run.context(folder.path);
  const Status s = begin_run(ctx, tiny_pretrain());
  ASSERT_FALSE(s.ok());
  EXPECT_TRUE(contains(s.error().text(), folder / "config.toml"));
  EXPECT_TRUE(contains(s.error().text(), "steps"));
}

TEST(BeginRun, AFolderThatCannotBeMadeIsNamed) {
  TempFolder folder;
  TinyRun run;
  ASSERT_TRUE(real_files().write(folder / "file", "").ok());
  TrainContext ctx = run.context(folder / "file/run");
  const Status s = begin_run(ctx, tiny_pretrain());
  ASSERT_FALSE(s.ok());
  EXPECT_TRUE(contains(s.error().text(), folder / "file/run"));
}

TEST(FinishRun, FinalIsWholeAndOpens) {
  TempFolder folder;
  TinyRun run;
  TrainContext ctx = run.context(folder.path);
  EXPECT_FALSE(run_is_finished(ctx));
  ASSERT_TRUE(real_files().make_directories(folder / "final.writing").ok());  // of a killed run
  ASSERT_TRUE(real_files().write(folder / "final.writing/stale", "x").ok());
  ASSERT_TRUE(finish_run(ctx, run.trained()).ok());
  EXPECT_TRUE(run_is_finished(ctx));
  EXPECT_FALSE(real_files().exists(folder / "final.writing"));
  EXPECT_FALSE(real_files().exists(folder / "final/stale"));
  EXPECT_TRUE(open_bundle(folder.path, {}).ok());
}

// Ctrl-C during an evaluation: the step is finished with whole figures.
TEST(HeldoutFigures, AreTakenAgainInFullAfterAnInterrupt) {
  TempFolder folder;
  TinyRun run;
  TrainContext ctx = run.context(folder.path);
  int calls = 0;
  ctx.evaluate = [&](Model&) -> Result<Metrics> {
    if (++calls == 1) return Error::interrupted();
    return Metrics{{"pass@1", 0.5}};
  };
  bool stop = false;
  const auto figures = heldout_figures(ctx, *run.model, stop);
  ASSERT_TRUE(figures.ok());
  EXPECT_EQ(metric(*figures, "pass@1"), 0.5);
  EXPECT_TRUE(stop);
  EXPECT_FALSE(interrupted());

  calls = 0;
  ctx.evaluate = [&](Model&) -> Result<Metrics> {
    ++calls;
    return Error::interrupted();
  };
  EXPECT_EQ(heldout_figures(ctx, *run.model, stop).error().kind, ErrorKind::interrupted);
  EXPECT_EQ(calls, 2);
}

TEST(HeldoutFigures, OtherErrorsPass) {
  TempFolder folder;
  TinyRun run;
  TrainContext ctx = run.context(folder.path);
  ctx.evaluate = [](Model&) -> Result<Metrics> { return Error::invalid("a", "b"); };
  bool stop = false;
  EXPECT_EQ(heldout_figures(ctx, *run.model, stop).error().text(), "a: b");
  EXPECT_FALSE(stop);
}

}  // namespace
}  // namespace r1
