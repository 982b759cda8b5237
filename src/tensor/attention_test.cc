#include "tensor/attention.h"

#include "kernels/reference.h"
#include "tensor/vjp_check.h"

namespace r1 {
namespace {

using namespace testing;

// Heads of k_dim and v_dim in `groups` groups; keys and values side by side.
AttentionLayout gqa(size_t heads, size_t groups, size_t k_dim, size_t v_dim) {
  return {.heads = heads,
          .groups = groups,
          .k_dim = k_dim,
          .v_dim = v_dim,
          .row = groups * (k_dim + v_dim),
          .k_stride = k_dim,
          .v_offset = groups * k_dim,
          .v_stride = v_dim,
          .scale = 0.7f};
}

// MLA absorbed: one latent row for all heads, its head being the value.
AttentionLayout latent(size_t heads, size_t k_dim, size_t v_dim) {
  return {.heads = heads, .groups = 1, .k_dim = k_dim, .v_dim = v_dim, .row = k_dim, .scale = 0.7f};
}

struct Case {
  AttentionLayout layout;
  std::vector<size_t> lengths;  // of the sequences, one behind the other
};

std::vector<Case> cases() {
  return {{gqa(1, 1, 16, 16), {1}},    {gqa(4, 4, 16, 32), {3, 1, 7}},   {gqa(6, 2, 32, 16), {5, 2}},
          {gqa(9, 1, 16, 48), {4}},    {gqa(2, 1, 16, 16), {70, 1, 66}}, {latent(5, 48, 32), {1, 6, 3}},
          {latent(3, 32, 32), {67, 2}}};
}

size_t rows_in(const Case& c) {
  size_t rows = 0;
  for (const size_t n : c.lengths) rows += n;
  return rows;
}

// Each sequence as one span over its own rows of kv.
std::vector<AttentionSpan> spans_of(const Case& c, const Tensor& kv, std::vector<const float*>& pages) {
  std::vector<AttentionSpan> spans;
  pages.resize(c.lengths.size());
  size_t row = 0;
  for (size_t s = 0; s < c.lengths.size(); ++s) {
    pages[s] = kv.row(row);
    spans.push_back({row, c.lengths[s], 0, {&pages[s], c.lengths[s], c.layout.row, 0, 0}});
    row += c.lengths[s];
  }
  return spans;
}

TEST(Attention, IsNearADoubleSoftmaxOverTheOwnPast) {
  for (const Case& c : cases()) {
    VjpCheck check;
    const AttentionLayout& l = c.layout;
    const Tensor q = check.input(rows_in(c), l.heads * l.k_dim), kv = check.input(rows_in(c), l.row);
    std::vector<const float*> pages;
    const auto spans = spans_of(c, kv, pages);
    const Floats y = check.forward([&](Graph& g) { return attention(g, q, kv, l, spans); });
    const Doubles dq = to_double(Floats(q.data(), q.data() + q.size())),
                  dkv = to_double(Floats(kv.data(), kv.data() + kv.size()));
    Doubles want(l.v_dim);
    for (const AttentionSpan& s : spans)
      for (size_t i = 0; i < s.rows; ++i)
        for (size_t h = 0; h < l.heads; ++h) {
          const size_t row = s.row_begin + i, group = h / (l.heads / l.groups);
          const reference::Rows rows{&dkv[s.row_begin * l.row], l.row, group * l.k_stride,
                                     l.v_offset + group * l.v_stride};
          reference::attention({1, i + 1, l.k_dim, l.v_dim, 0, 0, l.scale}, &dq[(row * l.heads + h) * l.k_dim], rows,
                               want.data(), nullptr);
          for (size_t d = 0; d < l.v_dim; ++d) ASSERT_NEAR(y[(row * l.heads + h) * l.v_dim + d], want[d], 2e-5);
        }
  }
}

TEST(Attention, Vjp) {
  for (const Case& c : cases()) {
    VjpCheck check;
    const Tensor q = check.input(rows_in(c), c.layout.heads * c.layout.k_dim),
                 kv = check.input(rows_in(c), c.layout.row);
    if (rows_in(c) == 1) continue;  // one key: no gradient reaches q
    std::vector<const float*> pages;
    const auto spans = spans_of(c, kv, pages);
    EXPECT_TRUE(check([&](Graph& g) { return attention(g, q, kv, c.layout, spans); }))
        << c.layout.heads << " " << c.lengths.size();
  }
}

TEST(Attention, OfOneTokenIsItsValue) {
  VjpCheck check;
  const AttentionLayout l = gqa(4, 2, 16, 32);
  const Tensor q = check.input(1, 64), kv = check.input(1, l.row);
  const float* page = kv.data();
  const std::vector<AttentionSpan> spans{{0, 1, 0, {&page, 1, l.row, 0, 0}}};
  const Floats y = check.forward([&](Graph& g) { return attention(g, q, kv, l, spans); });
  for (size_t h = 0; h < 4; ++h)
    for (size_t d = 0; d < 32; ++d) EXPECT_EQ(y[h * 32 + d], kv.data()[l.v_offset + h / 2 * 32 + d]);
}

// Rows [begin, end) of one sequence of n, the cache in pages.
Floats chunk(VjpCheck& check, const AttentionLayout& l, const Tensor& q, const Tensor& kv, size_t begin, size_t end,
             size_t page_tokens, const Kernels& kernels, size_t threads) {
  std::vector<Floats> pages((end + page_tokens - 1) / page_tokens, Floats(page_tokens * l.row, NAN));
  std::vector<const float*> starts;
  for (size_t i = 0; i < end; ++i) std::copy_n(kv.row(i), l.row, &pages[i / page_tokens][i % page_tokens * l.row]);
  for (const Floats& page : pages) starts.push_back(page.data());
  return check.forward(
      [&](Graph& g) {
        Tensor q_new = g.make(end - begin, q.cols()), kv_new = g.make(end - begin, l.row);
        std::copy_n(q.row(begin), q_new.size(), q_new.data());
        std::copy_n(kv.row(begin), kv_new.size(), kv_new.data());
        const std::vector<AttentionSpan> spans{{0, end - begin, begin, {starts.data(), page_tokens, l.row, 0, 0}}};
        return attention(g, q_new, kv_new, l, spans);
      },
      kernels, threads);
}

TEST(Attention, DoesNotDependOnChunksPagesOrThreads) {
  for (const AttentionLayout& l : {gqa(6, 2, 16, 32), latent(40, 48, 32)}) {
    VjpCheck check;
    const size_t n = 100;
    const Tensor q = check.input(n, l.heads * l.k_dim), kv = check.input(n, l.row);
    const Floats whole = chunk(check, l, q, kv, 0, n, n, plain_kernels(), 1);
    for (const Kernels* kernels : all_kernels())
      for (const size_t size : {1, 33, 100})
        for (const size_t threads : {1, 2}) {
          Floats y;
          for (size_t begin = 0; begin < n; begin += size)
            y = joined(std::move(y), chunk(check, l, q, kv, begin, std::min(n, begin + size), size == 33 ? 7 : 64,
                                           *kernels, threads));
          ASSERT_TRUE(same(y, whole)) << kernels->name << " " << size << " " << threads;
        }
  }
}

// A batch of sequences, each result as if it were alone.
TEST(Attention, DoesNotDependOnCompany) {
  const Case c{gqa(4, 2, 16, 16), {5, 70, 1, 9}};
  VjpCheck check;
  const Tensor q = check.input(rows_in(c), 64), kv = check.input(rows_in(c), c.layout.row);
  std::vector<const float*> pages;
  auto spans = spans_of(c, kv, pages);
  const auto run = [&] { return check.forward([&](Graph& g) { return attention(g, q, kv, c.layout, spans); }); };
  const Floats together = run();
  std::reverse(spans.begin(), spans.end());
  EXPECT_TRUE(same(run(), together));
  const auto all = spans;
  for (const AttentionSpan& s : all) {
    spans = {s};
    const Floats alone = run();
    for (size_t i = s.row_begin * 64; i < (s.row_begin + s.rows) * 64; ++i) ASSERT_TRUE(same(alone[i], together[i]));
  }
}

}  // namespace
}  // namespace r1
