#include "tensor/rope.h"

#include <cmath>
#include <numeric>

#include "tensor/vjp_check.h"

namespace r1 {
namespace {

using namespace testing;

RopeConfig plain(uint32_t dim, RopePairs pairs) { return {.dim = dim, .pairs = pairs}; }

RopeConfig yarn() {
  return {.dim = 64,
          .pairs = RopePairs::interleaved,
          .scaling = RopeScaling::yarn,
          .factor = 40,
          .original_max_position = 4096,
          .mscale = 1,
          .mscale_all_dim = 1};
}

RopeConfig llama3() {
  return {.dim = 128, .theta = 500000, .scaling = RopeScaling::llama3, .factor = 8, .original_max_position = 8192};
}

bool close(double got, double want) { return near(got, want, 1e-8 * std::abs(want)); }

TEST(RopeFrequencies, ArePlainPowers) {
  const auto f = rope_frequencies(plain(64, RopePairs::half_split));
  ASSERT_EQ(f.size(), 32u);
  for (size_t i = 0; i < 32; ++i) EXPECT_TRUE(close(f[i], std::pow(10000.0, -double(i) / 32)));
  EXPECT_TRUE(rope_frequencies(plain(0, RopePairs::half_split)).empty());
}

// V3's table: ten kept, a ramp from pair 10 to 23, the rest divided by 40.
TEST(RopeFrequencies, OfYarnAreV3s) {
  const auto f = rope_frequencies(yarn());
  EXPECT_EQ(f[0], 1.0);
  EXPECT_TRUE(close(f[10], 0.0562341325));
  EXPECT_TRUE(close(f[11], 0.0390069266));
  EXPECT_TRUE(close(f[16], 0.0055));
  EXPECT_TRUE(close(f[22], 1.77827941e-4));
  EXPECT_TRUE(close(f[23], 3.33380358e-5));
  EXPECT_TRUE(close(f[31], 3.33380358e-6));
}

TEST(RopeFrequencies, OfLlama3AreTheDistills) {
  const auto f = rope_frequencies(llama3());
  EXPECT_TRUE(close(f[28], 3.21144599e-3));
  EXPECT_TRUE(close(f[29], 2.16657076e-3));
  EXPECT_TRUE(close(f[32], 5.24846161e-4));
  EXPECT_TRUE(close(f[35], 9.55621235e-5));
  int kept = 0, divided = 0;
  for (size_t i = 0; i < 64; ++i) {
    const double theta = std::pow(500000.0, -double(i) / 64);
    kept += close(f[i], theta);
    divided += close(f[i], theta / 8);
  }
  EXPECT_EQ(kept, 29);
  EXPECT_EQ(divided, 29);
}

TEST(YarnMscale, IsV3sAndV2s) {
  EXPECT_NEAR(yarn_mscale(40, 1), 1.3688879, 1e-7);
  EXPECT_NEAR(yarn_mscale(40, 0.707), 1.2608038, 1e-7);
  EXPECT_EQ(yarn_mscale(1, 1), 1.0);
  EXPECT_EQ(yarn_mscale(0.5, 1), 1.0);
  EXPECT_NEAR(std::pow(192, -0.5) * yarn_mscale(40, 1) * yarn_mscale(40, 1), 0.1352338, 1e-7);  // V3's score scale
}

TEST(RopeTable, HoldsCosinesThatGrowingLeavesAlone) {
  RopeTable table(yarn()), early(yarn());
  table.reserve(5000);
  for (size_t positions : {1, 3, 64, 65, 700, 5000}) early.reserve(positions);
  const auto f = rope_frequencies(yarn());
  for (const size_t p : {0, 1, 2, 63, 64, 699, 4999})
    for (size_t i = 0; i < 32; ++i) {
      EXPECT_EQ(table.cos_row(p)[i], float(std::cos(double(p) * f[i]))) << p << " " << i;
      EXPECT_EQ(table.sin_row(p)[i], float(std::sin(double(p) * f[i]))) << p << " " << i;
      EXPECT_EQ(early.cos_row(p)[i], table.cos_row(p)[i]);
      EXPECT_EQ(early.sin_row(p)[i], table.sin_row(p)[i]);
    }
}

TEST(RopeTable, CarriesYarnsMagnitude) {
  RopeConfig c = yarn();
  c.mscale_all_dim = 0.707;
  RopeTable table(c);
  table.reserve(1);
  EXPECT_FLOAT_EQ(table.cos_row(0)[5], float(yarn_mscale(40, 1) / yarn_mscale(40, 0.707)));
}

const std::vector<uint32_t> kPositions{0, 1, 7, 2, 300, 7};

std::vector<RopeConfig> configs() {
  RopeConfig magnified = yarn();
  magnified.mscale_all_dim = 0.707;
  return {plain(2, RopePairs::interleaved),
          plain(6, RopePairs::half_split),
          plain(34, RopePairs::interleaved),
          plain(34, RopePairs::half_split),
          yarn(),
          magnified,
          llama3()};
}

TEST(Rope, RotatesTheLastColumnsOfEachHead) {
  for (const RopeConfig& c : configs())
    for (const size_t unrotated : {0, 5}) {
      VjpCheck check;
      RopeTable table(c);
      const size_t heads = 3, d = unrotated + c.dim, half = c.dim / 2;
      const Tensor x = check.input(kPositions.size(), heads * d);
      const Floats y = check.forward([&](Graph& g) { return rope(g, x, table, kPositions, heads); });
      const auto f = rope_frequencies(c);
      const double m = c.scaling == RopeScaling::yarn
                           ? yarn_mscale(c.factor, c.mscale) / yarn_mscale(c.factor, c.mscale_all_dim)
                           : 1;
      for (size_t part = 0; part < kPositions.size() * heads; ++part) {
        const float *in = x.data() + part * d, *out = y.data() + part * d;
        for (size_t i = 0; i < unrotated; ++i) EXPECT_EQ(out[i], in[i]);
        for (size_t i = 0; i < half; ++i) {
          const bool interleaved = c.pairs == RopePairs::interleaved;
          const size_t a = unrotated + (interleaved ? 2 * i : i), b = unrotated + (interleaved ? 2 * i + 1 : i + half);
          const double angle = kPositions[part / heads] * f[i];
          ASSERT_NEAR(out[a], m * (in[a] * std::cos(angle) - in[b] * std::sin(angle)), 1e-6);
          ASSERT_NEAR(out[b], m * (in[a] * std::sin(angle) + in[b] * std::cos(angle)), 1e-6);
        }
      }
    }
}

TEST(Rope, Vjp) {
  for (const RopeConfig& c : configs())
    for (const size_t unrotated : {0, 5}) {
      VjpCheck check;
      RopeTable table(c);
      const Tensor x = check.input(kPositions.size(), 2 * (unrotated + c.dim));
      EXPECT_TRUE(check([&](Graph& g) { return rope(g, x, table, kPositions, 2); }))
          << c.dim << " " << int(c.pairs) << " " << int(c.scaling);
    }
}

// The vjp is the transpose of a rotation: fed the result, it gives the input back.
TEST(Rope, RotatingBackIsTheInverse) {
  ThreadPool threads(1);
  BufferPool pool;
  for (const RopeConfig& c : {plain(34, RopePairs::interleaved), plain(34, RopePairs::half_split), yarn(), llama3()}) {
    Graph g({*all_kernels().front(), threads}, pool, true);
    RopeTable table(c);
    Draw in;
    const Tensor x = g.make(kPositions.size(), 2 * c.dim);
    for (size_t i = 0; i < x.size(); ++i) x.data()[i] = in.value();
    const Tensor y = rope(g, x, table, kPositions, 2);
    std::copy_n(y.data(), y.size(), y.grad());
    g.backward();
    for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x.grad()[i], x.data()[i], 1e-6);
  }
}

// Scores depend on the distance of two positions only; and pairing only permutes the columns.
TEST(Rope, ScoresDependOnDistanceAndNotOnPairing) {
  ThreadPool threads(1);
  BufferPool pool;
  Graph g({*all_kernels().front(), threads}, pool, false);
  constexpr uint32_t kDim = 16;
  RopeTable split(plain(kDim, RopePairs::half_split)), inter(plain(kDim, RopePairs::interleaved));
  Draw in;
  const Tensor x = g.make(2, kDim), permuted = g.make(2, kDim);
  for (size_t i = 0; i < x.size(); ++i) x.data()[i] = in.value();
  for (size_t r = 0; r < 2; ++r)
    for (size_t i = 0; i < kDim; ++i) permuted.row(r)[i % 2 * 8 + i / 2] = x.row(r)[i];
  const auto score = [&](const Tensor& rows, RopeTable& table, uint32_t p, uint32_t q) {
    const std::vector<uint32_t> at{p, q};
    const Tensor y = rope(g, rows, table, at, 1);
    return std::inner_product(y.row(0), y.row(0) + kDim, y.row(1), 0.0);
  };
  EXPECT_NEAR(score(x, inter, 3, 10), score(x, inter, 103, 110), 1e-5);
  EXPECT_GT(std::abs(score(x, inter, 3, 10) - score(x, inter, 3, 11)), 1e-3);
  EXPECT_NEAR(score(x, inter, 3, 10), score(permuted, split, 3, 10), 1e-5);
  EXPECT_GT(std::abs(score(x, split, 3, 10) - score(x, inter, 3, 10)), 1e-3);
}

}  // namespace
}  // namespace r1
