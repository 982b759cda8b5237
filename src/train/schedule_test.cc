#include <gtest/gtest.h>

#include <cmath>

#include "format/toml_config.h"
#include "train/optimizer.h"

namespace r1 {
namespace {

OptimizerConfig with(Schedule schedule, int64_t warmup = 0, int64_t start = 0, int64_t end = 0) {
  OptimizerConfig c;
  c.schedule = schedule;
  c.warmup_steps = warmup;
  c.decay_start = start;
  c.decay_end = end;
  c.final_fraction = 0.1;
  return c;
}

TEST(ScheduleFactor, ConstantAfterALinearWarmUpThatStartsAboveZero) {
  const OptimizerConfig c = with(Schedule::constant, 4);
  EXPECT_DOUBLE_EQ(schedule_factor(c, 0, 100), 0.25);
  EXPECT_DOUBLE_EQ(schedule_factor(c, 2, 100), 0.75);
  EXPECT_DOUBLE_EQ(schedule_factor(c, 3, 100), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(c, 99, 100), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(with(Schedule::constant), 0, 100), 1);
}

TEST(ScheduleFactor, LinearRunsFromTheWarmUpToTheLastStep) {
  const OptimizerConfig c = with(Schedule::linear, 10);
  EXPECT_DOUBLE_EQ(schedule_factor(c, 9, 110), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(c, 10, 110), 1);
  EXPECT_NEAR(schedule_factor(c, 60, 110), 0.55, 1e-12);
  EXPECT_NEAR(schedule_factor(c, 110, 110), 0.1, 1e-12);
  EXPECT_NEAR(schedule_factor(c, 500, 110), 0.1, 1e-12);
}

TEST(ScheduleFactor, DecayHasBordersOfItsOwn) {
  const OptimizerConfig c = with(Schedule::linear, 5, 40, 60);
  EXPECT_DOUBLE_EQ(schedule_factor(c, 39, 100), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(c, 40, 100), 1);
  EXPECT_NEAR(schedule_factor(c, 50, 100), 0.55, 1e-12);
  EXPECT_NEAR(schedule_factor(c, 60, 100), 0.1, 1e-12);
  EXPECT_NEAR(schedule_factor(c, 99, 100), 0.1, 1e-12);
}

TEST(ScheduleFactor, CosineMeetsItsQuarters) {
  const OptimizerConfig c = with(Schedule::cosine, 0, 0, 100);
  EXPECT_NEAR(schedule_factor(c, 0, 200), 1, 1e-12);
  EXPECT_NEAR(schedule_factor(c, 25, 200), 0.1 + 0.9 * 0.5 * (1 + std::sqrt(0.5)), 1e-9);
  EXPECT_NEAR(schedule_factor(c, 50, 200), 0.55, 1e-9);
  EXPECT_NEAR(schedule_factor(c, 100, 200), 0.1, 1e-9);
}

TEST(ScheduleFactor, AnEmptyDecayIsNone) {
  EXPECT_DOUBLE_EQ(schedule_factor(with(Schedule::linear, 10), 3, 8), 0.4);  // the run ends in its warm-up
  EXPECT_DOUBLE_EQ(schedule_factor(with(Schedule::cosine, 0, 8, 8), 9, 20), 1);
}

TEST(ScheduleFactor, NeverRisesAfterTheWarmUp) {
  for (const Schedule s : {Schedule::constant, Schedule::linear, Schedule::cosine})
    for (int64_t step = 7; step < 60; ++step)
      EXPECT_LE(schedule_factor(with(s, 7, 12, 44), step + 1, 50), schedule_factor(with(s, 7, 12, 44), step, 50));
}

TEST(OptimizerConfig, RefusesADecayThatEndsBeforeItBegins) {
  OptimizerConfig c;
  const std::vector<std::string> set = {"decay_start=10", "decay_end=5"};
  const Status s = read_config("", "o.toml", set, c);
  ASSERT_FALSE(s.ok());
  EXPECT_NE(s.error().text().find("decay_end: is before decay_start"), std::string::npos) << s.error().text();
}

}  // namespace
}  // namespace r1
