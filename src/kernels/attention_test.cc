// The attention kernel forward: judged by a double softmax, and free of pages, head tiles and what comes later.
#include "kernels/reference.h"
#include "kernels/test_data.h"

namespace r1 {
namespace {

using namespace testing;

struct Problem {
  AttentionShape shape;
  size_t stride, k_offset, v_offset;
  Floats q, rows;

  Problem(Draw& in, size_t heads, size_t keys, size_t k_dim, size_t v_dim, float range = 1)
      : shape{heads, keys, k_dim, v_dim, k_dim + 3, v_dim + 5, 1 / std::sqrt(float(k_dim))},
        stride(k_dim + v_dim + 7),
        k_offset(2),
        v_offset(k_dim + 3),
        q(in(heads * (k_dim + 3), range)),
        rows(in(keys * stride)) {}

  size_t out_size() const { return shape.heads * shape.out_stride; }
};

struct Result {
  Floats out;
  std::vector<RowStats> stats;
};

bool same(const Result& a, const Result& b) {
  bool equal = bool(testing::same(a.out, b.out)) && a.stats.size() == b.stats.size();
  for (size_t h = 0; equal && h < a.stats.size(); ++h)
    equal = testing::same(a.stats[h].max, b.stats[h].max) && testing::same(a.stats[h].log_sum, b.stats[h].log_sum);
  return equal;
}

// The rows cut into pages that lie apart, with NaN between and after them: nothing else may be read.
Result run(const Kernels& t, const Problem& p, size_t page_tokens) {
  std::vector<Floats> pages((p.shape.keys + page_tokens - 1) / page_tokens);
  std::vector<const float*> starts;
  for (size_t i = 0; i < pages.size(); ++i) {
    const size_t begin = i * page_tokens, end = std::min(p.shape.keys, begin + page_tokens);
    pages[i].assign(p.rows.begin() + std::ptrdiff_t(begin * p.stride), p.rows.begin() + std::ptrdiff_t(end * p.stride));
    pages[i].resize(pages[i].size() + p.stride, NAN);
    starts.push_back(pages[i].data());
  }
  const KvRows kv{starts.data(), page_tokens, p.stride, p.k_offset, p.v_offset};
  Result result{Floats(p.out_size(), 0.5f), std::vector<RowStats>(p.shape.heads)};
  Floats scores(p.shape.heads * kKeyBlock, NAN);
  t.attention(p.shape, p.q.data(), kv, result.out.data(), result.stats.data(), scores.data());
  return result;
}

Result run(const Kernels& t, const Problem& p) { return run(t, p, p.shape.keys); }

void expect_near_twin(const Kernels& t, const Problem& p) {
  const AttentionShape& s = p.shape;
  const Result got = run(t, p);
  const Doubles q = to_double(p.q), rows = to_double(p.rows);
  Doubles want(p.out_size());
  std::vector<reference::Stats> stats(s.heads);
  reference::attention(s, q.data(), {rows.data(), p.stride, p.k_offset, p.v_offset}, want.data(), stats.data());
  for (size_t h = 0; h < s.heads; ++h) {
    // A score errs by its chain; a weight by twice that, by exp's error on each block's way, and by its argument's
    // rounding.
    double score = 0, value = 0;
    for (size_t j = 0; j < s.keys; ++j) {
      double size = 0;
      for (size_t d = 0; d < s.k_dim; ++d)
        size += std::abs(q[h * s.q_stride + d] * rows[j * p.stride + p.k_offset + d]);
      score = std::max(score, size * double(s.scale));
      for (size_t d = 0; d < s.v_dim; ++d) value = std::max(value, std::abs(rows[j * p.stride + p.v_offset + d]));
    }
    const double blocks = double(s.keys + kKeyBlock - 1) / kKeyBlock,
                 score_error = kUnit * double(s.k_dim / kLanes + 5) * score;
    const double weight_error = 2 * score_error + (blocks + 1) * 5 * kUnit + 4 * kUnit * score + kUnit * double(s.keys);
    for (size_t d = 0; d < s.v_dim; ++d)
      ASSERT_TRUE(near(got.out[h * s.out_stride + d], want[h * s.out_stride + d], weight_error * value))
          << t.name << " " << s.keys << " " << h;
    ASSERT_TRUE(near(got.stats[h].max, stats[h].max, score_error)) << t.name;
    ASSERT_TRUE(near(double(got.stats[h].max) + double(got.stats[h].log_sum), stats[h].max + stats[h].log_sum,
                     weight_error + kUnit * std::abs(stats[h].log_sum)))
        << t.name;
  }
}

TEST(Attention, IsNearADoubleSoftmax) {
  for (const Kernels* t : all_kernels())
    for (const size_t keys : {1, 2, 15, 16, 17, 63, 64, 65, 128, 129, 500})
      for (const size_t heads : {1, 3, 5}) {
        Draw in{{keys, heads}};
        expect_near_twin(*t, Problem(in, heads, keys, 16 * in.size(1, 4), 16 * in.size(1, 6), 2));
      }
}

TEST(Attention, TakesLargeScores) {
  for (const Kernels* t : all_kernels())
    for (const float range : {30.0f, 1000.0f, 1e6f}) {
      Draw in{{uint64_t(range), 3}};
      expect_near_twin(*t, Problem(in, 3, 333, 32, 48, range));
    }
}

// A key far ahead of the others takes all the weight, in whichever block it sits: exp(0) = 1 and the rest underflow to
// 0.
TEST(Attention, GivesAWinnerItsValueExactly) {
  for (const Kernels* t : all_kernels())
    for (const size_t winner : {0, 63, 64, 150, 299}) {
      Draw in;
      Problem p(in, 2, 300, 16, 32);
      for (size_t h = 0; h < 2; ++h)
        for (size_t d = 0; d < 16; ++d) p.q[h * p.shape.q_stride + d] = 1e4f;
      for (size_t d = 0; d < 16; ++d) p.rows[winner * p.stride + p.k_offset + d] = 3;
      const Result r = run(*t, p);
      for (size_t h = 0; h < 2; ++h) {
        for (size_t d = 0; d < 32; ++d)
          ASSERT_TRUE(testing::same(r.out[h * p.shape.out_stride + d], p.rows[winner * p.stride + p.v_offset + d]))
              << t->name << " " << winner;
        EXPECT_TRUE(testing::same(r.stats[h].log_sum, 0.0f));
        EXPECT_EQ(r.stats[h].max, 1.2e5f);
      }
    }
}

TEST(Attention, DoesNotDependOnPages) {
  for (const Kernels* t : all_kernels())
    for (const size_t keys : {1, 47, 64, 200}) {
      Draw in{{keys, 9}};
      const Problem p(in, 5, keys, 48, 80, 3);
      const Result want = run(*t, p);
      for (const size_t page_tokens : {1, 3, 16, 64, 100, 100000})
        EXPECT_TRUE(same(run(*t, p, page_tokens), want)) << t->name << " " << keys << " " << page_tokens;
    }
}

TEST(Attention, DoesNotDependOnItsHeadsCompany) {
  Draw in;
  const Problem p(in, 71, 130, 32, 48, 2);  // more than two tiles of 32 heads
  for (const Kernels* t : all_kernels()) {
    const Result want = run(*t, p);
    for (const size_t cut : {1, 3, 4, 32, 33}) {
      Result got;
      for (size_t first = 0; first < p.shape.heads; first += cut) {
        Problem part = p;
        part.shape.heads = std::min(cut, p.shape.heads - first);
        part.q.assign(p.q.begin() + std::ptrdiff_t(first * p.shape.q_stride), p.q.end());
        const Result r = run(*t, part);
        got.out = joined(std::move(got.out), r.out);
        got.stats.insert(got.stats.end(), r.stats.begin(), r.stats.end());
      }
      EXPECT_TRUE(same(got, want)) << t->name << " " << cut;
    }
  }
}

TEST(Attention, LeavesItsNeighboursAloneAndNeedsNoStats) {
  Draw in;
  const Problem p(in, 3, 70, 16, 16);
  for (const Kernels* t : all_kernels()) {
    const Result r = run(*t, p);
    for (size_t h = 0; h < 3; ++h)
      for (size_t d = p.shape.v_dim; d < p.shape.out_stride; ++d) EXPECT_EQ(r.out[h * p.shape.out_stride + d], 0.5f);
    Floats out(p.out_size(), 0.5f), scores(3 * kKeyBlock);
    const float* page = p.rows.data();
    t->attention(p.shape, p.q.data(), {&page, 70, p.stride, p.k_offset, p.v_offset}, out.data(), nullptr,
                 scores.data());
    EXPECT_TRUE(testing::same(out, r.out)) << t->name;
  }
}

TEST(Attention, EqualsThePlainTableOnRandomShapesAndExtremeValues) {
  Draw in;
  for (int round = 0; round < 120; ++round) {
    const size_t heads = in.size(1, 40), keys = in.size(1, 200);
    Problem p(in, heads, keys, 16 * in.size(1, 5), 16 * in.size(1, 6), round % 3 == 0 ? 200.0f : 2.0f);
    if (round % 4 == 3) p.rows = in.harsh(p.rows.size());
    const Result want = run(plain_kernels(), p);
    for (const Kernels* t : simd_kernels())
      ASSERT_TRUE(same(run(*t, p, in.size(1, 70)), want)) << t->name << " " << heads << " " << keys << " " << round;
  }
}

}  // namespace
}  // namespace r1
