#include "base/log.h"

#include <gtest/gtest.h>

#include <cmath>

namespace r1 {
namespace {

TEST(Bar, FillsWithTheFraction) {
  EXPECT_EQ(bar(0, 4), "[....]");
  EXPECT_EQ(bar(0.5, 4), "[##..]");
  EXPECT_EQ(bar(1, 4), "[####]");
}

TEST(Bar, TakesAnyNumber) {
  EXPECT_EQ(bar(-3, 2), "[..]");
  EXPECT_EQ(bar(7, 2), "[##]");
  EXPECT_EQ(bar(NAN, 2), "[..]");
  EXPECT_EQ(bar(INFINITY, 2), "[##]");
}

TEST(Log, OneLineEach) {
  testing::internal::CaptureStderr();
  log_info("hello");
  log_warning("careful");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "hello\nwarning: careful\n");
}

TEST(Progress, AwayFromATerminalPlainLines) {
  testing::internal::CaptureStderr();
  {
    Progress progress("steps", 3600);
    progress.update(0.25, "loss 2");
    progress.update(0.5, "too soon to show");
    progress.finish("done");
    progress.update(NAN, "afresh");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "steps: 25% loss 2\nsteps: done\nsteps: 0% afresh\n");
}

}  // namespace
}  // namespace r1
