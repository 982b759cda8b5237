#include "train/metrics.h"

#include "train/test_run.h"

namespace r1 {
namespace {

using testing::contains;
using testing::slurp;
using testing::TempFolder;

TEST(MetricsLine, KeepsTheOrderAndWritesWhatIsNotFiniteAsNull) {
  EXPECT_EQ(metrics_line(3, {{"loss", 1.5}, {"kl", NAN}, {"a", INFINITY}, {"b", -INFINITY}}),
            "{\"step\":3,\"loss\":1.5,\"kl\":null,\"a\":null,\"b\":null}\n");
  EXPECT_EQ(metrics_line(1, {}), "{\"step\":1}\n");
}

TEST(MetricsLine, NumbersReadBackTheSame) {
  const double x = 0.1 + 0.2;
  const std::string line = metrics_line(1, {{"x", x}});
  EXPECT_EQ(std::strtod(line.c_str() + line.rfind(':') + 1, nullptr), x);
}

TEST(Metric, FindsByName) {
  const Metrics m = {{"reward", 2}, {"reward_std", 3}};
  EXPECT_EQ(metric(m, "reward_std"), 3);
  EXPECT_EQ(metric(m, "rewar"), 0);
  EXPECT_EQ(metric(m, "absent", -1), -1);
}

TEST(RunLog, RewindingCutsWhatACheckpointDidNotSee) {
  TempFolder folder;
  RunLog log(real_files(), folder.path);
  ASSERT_TRUE(log.rewind({}).ok());
  ASSERT_TRUE(log.metrics(1, {{"loss", 1}}).ok());
  ASSERT_TRUE(log.sample("{\"a\":1}").ok());
  const RunLog::Offsets seen = log.offsets();
  const std::string metrics = slurp(folder / "metrics.jsonl"), samples = slurp(folder / "samples.jsonl");
  EXPECT_EQ(seen.metrics, metrics.size());
  EXPECT_EQ(seen.samples, samples.size());
  ASSERT_TRUE(log.metrics(2, {{"loss", 2}}).ok());
  ASSERT_TRUE(real_files().append(folder / "samples.jsonl", "{\"half a li").ok());

  RunLog resumed(real_files(), folder.path);
  ASSERT_TRUE(resumed.rewind(seen).ok());
  EXPECT_EQ(slurp(folder / "metrics.jsonl"), metrics);
  EXPECT_EQ(slurp(folder / "samples.jsonl"), samples);
  ASSERT_TRUE(resumed.sample("{\"b\":2}").ok());
  EXPECT_EQ(slurp(folder / "samples.jsonl"), samples + "{\"b\":2}\n");
}

TEST(RunLog, WithoutACheckpointTheFilesStartEmpty) {
  TempFolder folder;
  ASSERT_TRUE(real_files().write(folder / "metrics.jsonl", "left by a run that was killed\n").ok());
  RunLog log(real_files(), folder.path);
  ASSERT_TRUE(log.rewind({}).ok());
  EXPECT_EQ(slurp(folder / "metrics.jsonl"), "");
  EXPECT_EQ(slurp(folder / "samples.jsonl"), "");
}

TEST(RunLog, AFileThatLostItsEndIsAnErrorNotARunOfZeros) {
  TempFolder folder;
  RunLog log(real_files(), folder.path);
  ASSERT_TRUE(real_files().write(folder / "metrics.jsonl", "{}\n").ok());
  const Status s = log.rewind({10, 0});
  ASSERT_FALSE(s.ok());
  EXPECT_TRUE(contains(s.error().text(), folder / "metrics.jsonl"));
  EXPECT_TRUE(contains(s.error().text(), "has 3 bytes"));
  EXPECT_TRUE(contains(s.error().text(), "10"));
  EXPECT_EQ(slurp(folder / "metrics.jsonl"), "{}\n");
}

TEST(RunLog, TimingsStayOutOfTheFixedFiles) {
  TempFolder folder;
  RunLog log(real_files(), folder.path);
  ASSERT_TRUE(log.rewind({}).ok());
  ASSERT_TRUE(log.timings(1, 1e9, {{"seconds/step", 0.5}}, {{"loss", 2}, {"bad", NAN}}).ok());
  EXPECT_EQ(slurp(folder / "metrics.jsonl"), "");
  EXPECT_EQ(slurp(folder / "timings.jsonl"), "{\"step\":1,\"seconds/step\":0.5}\n");
  const std::string events = slurp(folder / "events.out.tfevents.r1");
  EXPECT_TRUE(contains(events, "seconds/step"));
  EXPECT_TRUE(contains(events, "loss"));
  EXPECT_FALSE(contains(events, "bad"));
  EXPECT_EQ(log.offsets().metrics, 0u);
}

TEST(RunLog, AFailedAppendIsAnErrorThatNamesTheFile) {
  TempFolder folder;
  ASSERT_TRUE(real_files().make_directories(folder / "metrics.jsonl").ok());  // a folder in its place
  RunLog log(real_files(), folder.path);
  const Status s = log.metrics(1, {});
  ASSERT_FALSE(s.ok());
  EXPECT_TRUE(contains(s.error().text(), "metrics.jsonl"));
}

}  // namespace
}  // namespace r1
