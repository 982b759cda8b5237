#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <utility>
#include <vector>

namespace r1 {
namespace {

TEST(ThreadPool, RangesCoverEverythingOnceAndInOrder) {
  for (const size_t threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const size_t n : {0, 1, 2, 3, 5, 64, 1001}) {
      std::vector<int> visits(n);
      std::atomic<size_t> ranges{0};
      pool.for_ranges(n, [&](size_t begin, size_t end) {
        ++ranges;
        ASSERT_LT(begin, end);
        ASSERT_LE(end, n);
        for (size_t i = begin; i < end; ++i) ++visits[i];
      });
      EXPECT_EQ(visits, std::vector<int>(n, 1));
      EXPECT_EQ(ranges, std::min(n, threads));
    }
  }
}

TEST(ThreadPool, EachCoversEverythingOnce) {
  for (const size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (const size_t n : {0, 1, 2, 1000}) {
      std::vector<int> visits(n);
      pool.for_each(n, [&](size_t i) { ++visits[i]; });
      EXPECT_EQ(visits, std::vector<int>(n, 1));
    }
  }
}

TEST(ThreadPool, OneJobAfterAnother) {
  ThreadPool pool(3);
  std::vector<size_t> totals(3);
  size_t expected = 0;
  for (size_t job = 0; job < 2000; ++job) {
    pool.for_ranges(3, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) totals[i] += job;
    });
    expected += job;
  }
  EXPECT_EQ(totals, std::vector<size_t>(3, expected));
}

TEST(ThreadPool, WakesSleepersAndEndsIdle) {
  for (int i = 0; i < 20; ++i) {
    ThreadPool idle(4);  // destroyed with its workers spinning or asleep
  }
  ThreadPool pool(2);
  std::atomic<int> runs{0};
  pool.for_ranges(2, [&](size_t, size_t) { ++runs; });
  EXPECT_EQ(runs, 2);
}

TEST(ThreadPoolDeath, NeedsAThread) { EXPECT_DEATH(ThreadPool(0), "internal check failed"); }

TEST(HardwareThreads, AtLeastOne) { EXPECT_GE(hardware_threads(), 1u); }

}  // namespace
}  // namespace r1
