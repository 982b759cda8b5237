// The attention kernel backward.
#include "kernels/reference.h"
#include "kernels/test_data.h"

namespace r1 {
namespace {

using namespace testing;

struct Problem {
  AttentionShape shape;
  size_t stride, v_offset;
  Floats q, rows, d_out, dq, dkv;

  // v_offset 0: the value is the head of the key, as in MLA's latent rows.
  Problem(Draw& in, size_t heads, size_t keys, size_t k_dim, size_t v_dim, size_t v_offset, float range = 1)
      : shape{heads, keys, k_dim, v_dim, k_dim, v_dim, 1 / std::sqrt(float(k_dim))},
        stride(std::max(k_dim, v_offset + v_dim) + 3),
        v_offset(v_offset),
        q(in(heads * k_dim, range)),
        rows(in(keys * stride)),
        d_out(in(heads * v_dim)),
        dq(in(heads * k_dim)),
        dkv(in(keys * stride)) {}
};

// Gradients of q and rows, added to the problem's own.
Floats run(const Kernels& t, const Problem& p, size_t page_tokens) {
  std::vector<const float*> pages;
  for (size_t i = 0; i < p.shape.keys; i += page_tokens) pages.push_back(p.rows.data() + i * p.stride);
  const KvRows kv{pages.data(), page_tokens, p.stride, 0, p.v_offset};
  Floats out(p.d_out.size()), scratch(std::max(p.shape.keys, p.shape.heads * kKeyBlock)), dq = p.dq, dkv = p.dkv;
  std::vector<RowStats> stats(p.shape.heads);
  t.attention(p.shape, p.q.data(), kv, out.data(), stats.data(), scratch.data());
  t.attention_vjp(p.shape, p.q.data(), kv, out.data(), stats.data(), p.d_out.data(), dq.data(), dkv.data(),
                  scratch.data());
  return joined(std::move(dq), dkv);
}

double largest(const Floats& v) {
  double most = 0;
  for (const float x : v) most = std::max(most, double(std::abs(x)));
  return most;
}

TEST(AttentionVjp, IsNearTheTwinAndAdds) {
  for (const Kernels* t : all_kernels())
    for (const size_t keys : {1, 2, 17, 64, 65, 200})
      for (const size_t v_offset : {0, 32, 37}) {
        Draw in{{keys, v_offset}};
        const Problem p(in, 3, keys, 32, v_offset == 0 ? 16 : 48, v_offset, 3);
        const AttentionShape& s = p.shape;
        const Floats got = run(*t, p, keys);
        Doubles dq = to_double(p.dq), dkv = to_double(p.dkv);
        reference::attention_vjp(s, to_double(p.q).data(), {to_double(p.rows).data(), p.stride, 0, p.v_offset},
                                 to_double(p.d_out).data(), dq.data(), dkv.data());
        // Weights err as in attention_test; dp and its mean by a chain over v_dim; the sums by one over keys or heads.
        const double score = double(s.scale) * double(s.k_dim) * largest(p.q) * largest(p.rows);
        const double weight_error = kUnit * (2 * double(s.k_dim / kLanes + 5) * score + 6 * score + double(keys) + 30);
        const double dp = double(s.v_dim) * largest(p.d_out) * largest(p.rows);
        const double ds_error =
            2 * dp * double(s.scale) * (2 * weight_error + kUnit * double(s.v_dim / kLanes + 8));  // times p_j
        for (size_t i = 0; i < dq.size(); ++i)
          ASSERT_TRUE(near(got[i], dq[i],
                           (ds_error + kUnit * double(keys) * 2 * dp * double(s.scale)) * largest(p.rows) +
                               kUnit * std::abs(p.dq[i])))
              << t->name << " dq " << keys << " " << i;
        for (size_t i = 0; i < dkv.size(); ++i)
          ASSERT_TRUE(near(got[dq.size() + i], dkv[i],
                           double(s.heads) * (ds_error * largest(p.q) + weight_error * largest(p.d_out)) +
                               kUnit * 4 * (std::abs(p.dkv[i]) + std::abs(dkv[i]))))
              << t->name << " dkv " << keys << " " << i;
      }
}

TEST(AttentionVjp, OfOneKeyPassesTheValueThrough) {
  Draw in;
  const Problem p(in, 1, 1, 16, 16, 16);
  for (const Kernels* t : all_kernels()) {
    const Floats got = run(*t, p, 1);
    for (size_t d = 0; d < 16; ++d) {
      EXPECT_NEAR(got[d], p.dq[d], 1e-6);  // the softmax of one key has no slope
      EXPECT_NEAR(got[16 + d], p.dkv[d], 1e-6);
      EXPECT_FLOAT_EQ(got[32 + d], p.dkv[16 + d] + p.d_out[d]);
    }
  }
}

TEST(AttentionVjp, EqualsThePlainTableWhateverThePages) {
  Draw in;
  for (int round = 0; round < 80; ++round) {
    const size_t k_dim = 16 * in.size(1, 5);
    const bool latent = in.rng.chance(0.5);
    const size_t v_dim = latent ? k_dim : 16 * in.size(1, 5);
    Problem p(in, in.size(1, 9), in.size(1, 150), k_dim, v_dim, latent ? 0 : k_dim + 1, round % 3 == 0 ? 100.0f : 2.0f);
    if (round % 4 == 3) p.rows = in.harsh(p.rows.size());
    const Floats want = run(plain_kernels(), p, p.shape.keys);
    for (const Kernels* t : all_kernels())
      ASSERT_TRUE(same(run(*t, p, in.size(1, 70)), want)) << t->name << " " << round;
  }
}

}  // namespace
}  // namespace r1
