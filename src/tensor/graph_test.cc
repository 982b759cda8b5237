#include "tensor/graph.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/targets.h"

namespace r1 {
namespace {

std::vector<size_t> sizes() {
  std::vector<size_t> out;
  for (size_t size = 1; size <= 5000; ++size) out.push_back(size);
  for (size_t power = 13; power <= 22; ++power)
    for (const size_t quarter : {4, 5, 6, 7})
      for (const int off : {-1, 0, 1}) out.push_back(size_t(int64_t(quarter << (power - 2)) + off));
  return out;
}

TEST(BufferPool, NeverHandsOutLessThanAsked) {
  BufferPool pool;
  for (const size_t size : sizes()) {
    FloatBuffer buffer = pool.take(size);
    ASSERT_GE(buffer.size(), size);
    ASSERT_LE(buffer.size(), std::max<size_t>(16, size + size / 4)) << "wasteful for " << size;
    pool.give(std::move(buffer));
  }
  // And not from what was given back either, in any order.
  for (const size_t size : sizes()) {
    FloatBuffer one = pool.take(size), two = pool.take(size);
    ASSERT_GE(one.size(), size);
    ASSERT_GE(two.size(), size);
    ASSERT_NE(one.data(), two.data());
    pool.give(std::move(two));
    pool.give(std::move(one));
  }
}

TEST(BufferPool, ReusesWhatCameBack) {
  BufferPool pool;
  FloatBuffer buffer = pool.take(1000);
  const float* data = buffer.data();
  pool.give(std::move(buffer));
  FloatBuffer other = pool.take(10);
  EXPECT_NE(other.data(), data);
  FloatBuffer again = pool.take(990);
  EXPECT_EQ(again.data(), data);
}

TEST(BufferPool, TakesStrangersWithoutTrustingTheirSize) {
  BufferPool pool;
  for (const size_t size : {1, 15, 16, 17, 19, 20, 21, 100, 127, 129, 1000}) pool.give(FloatBuffer(size));
  pool.give(FloatBuffer());
  for (size_t size = 1; size < 1100; ++size) {
    std::vector<FloatBuffer> taken;
    for (int i = 0; i < 3; ++i) {
      taken.push_back(pool.take(size));
      ASSERT_GE(taken.back().size(), size);
    }
    for (FloatBuffer& buffer : taken) pool.give(std::move(buffer));
  }
}

TEST(Tensor, GradientsStartAtZeroInUsedMemory) {
  BufferPool pool;
  for (int round = 0; round < 3; ++round) {
    const Tensor x(pool, 3, 7);
    EXPECT_FALSE(x.has_grad());
    EXPECT_EQ(std::count(x.grad(), x.grad() + 21, 0.0f), 21);
    EXPECT_TRUE(x.has_grad());
    std::fill_n(x.grad(), 21, 5.0f);
    std::fill_n(x.data(), 21, 5.0f);
    EXPECT_EQ(x.grad_row(2), x.grad() + 14);
  }
}

TEST(Tensor, HandlesShareOneArray) {
  BufferPool pool;
  Tensor none;
  EXPECT_FALSE(none);
  EXPECT_FALSE(none.has_grad());
  const Tensor x(pool, 2, 3), y = x;
  EXPECT_TRUE(y);
  y.row(1)[2] = 4;
  EXPECT_EQ(x.data()[5], 4);
  EXPECT_EQ(x.size(), 6u);
}

struct GraphTest : ::testing::Test {
  ThreadPool threads{1};
  BufferPool pool;
};

TEST_F(GraphTest, RunsStepsInReverseOnce) {
  Graph g({plain_kernels(), threads}, pool, true);
  std::vector<int> order;
  for (int i = 0; i < 4; ++i) g.record([&order, i] { order.push_back(i); });
  g.backward();
  EXPECT_EQ(order, (std::vector<int>{3, 2, 1, 0}));
  g.backward();
  EXPECT_EQ(order.size(), 4u);
}

TEST_F(GraphTest, LetsGoOfActivationsAsItGoes) {
  Graph g({plain_kernels(), threads}, pool, true);
  const float* data = nullptr;
  const float* reused = nullptr;
  g.record([&] { reused = g.make(1, 64).data(); });
  {
    Tensor x = g.make(1, 64);
    data = x.data();
    g.record([x] {});
  }
  EXPECT_NE(g.make(1, 64).data(), data);
  FloatBuffer other = pool.take(64);  // the buffer the line above gave back
  g.backward();
  EXPECT_EQ(reused, data);
}

}  // namespace
}  // namespace r1
