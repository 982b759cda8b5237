#include "tensor/shape_ops.h"

#include "tensor/pack.h"
#include "tensor/vjp_check.h"

namespace r1 {
namespace {

using namespace testing;

TEST(Embed, LooksUpAndAddsBackInBothLayouts) {
  const std::vector<int> ids{4, 0, 36, 4, 4, 17, 15, 16};
  for (const ParamLayout layout : {ParamLayout::rows, ParamLayout::packed})
    for (const size_t k : {1, 5, 33}) {
      VjpCheck check;
      Param& table = check.param(layout, 1, 37, k);
      const auto op = [&](Graph& g) { return embed(g, table, ids); };
      EXPECT_TRUE(check(op)) << k;
      Floats rows(37 * k);
      if (layout == ParamLayout::packed)
        unpack_rows(rows.data(), k, table.value.data(), 37, k);
      else
        std::copy_n(table.value.data(), rows.size(), rows.data());
      const Floats y = check.forward(op);
      for (size_t r = 0; r < ids.size(); ++r)
        for (size_t i = 0; i < k; ++i) EXPECT_EQ(y[r * k + i], rows[size_t(ids[r]) * k + i]);
    }
}

TEST(Add, IsItsOwnGradient) {
  for (const size_t cols : {1, 17, 61}) {
    VjpCheck check;
    const Tensor a = check.input(3, cols), b = check.input(3, cols);
    EXPECT_TRUE(check([&](Graph& g) { return add(g, a, b); }));
    EXPECT_TRUE(check([&](Graph& g) { return add(g, a, add(g, b, a)); })) << "a used twice";
    EXPECT_EQ(check.forward([&](Graph& g) { return add(g, a, b); })[2], a.data()[2] + b.data()[2]);
  }
}

TEST(PickRows, RepeatsAndReorders) {
  for (const size_t cols : {1, 17, 48}) {
    VjpCheck check;
    const Tensor x = check.input(5, cols);
    const std::vector<size_t> picks{4, 0, 4, 2, 4};
    const auto op = [&](Graph& g) { return pick_rows(g, x, picks); };
    EXPECT_TRUE(check(op));
    const Floats y = check.forward(op);
    for (size_t r = 0; r < picks.size(); ++r)
      for (size_t i = 0; i < cols; ++i) EXPECT_EQ(y[r * cols + i], x.row(picks[r])[i]);
  }
}

void check_split(size_t heads, size_t d, size_t begin, size_t n) {
  VjpCheck check;
  const Tensor x = check.input(3, heads * d);
  const auto op = [&](Graph& g) {
    return add(g, split_heads(g, x, heads, begin, n), split_heads(g, x, heads, begin, n));
  };
  EXPECT_TRUE(check(op));
  const Floats y = check.forward(op);
  for (size_t r = 0; r < 3; ++r)
    for (size_t h = 0; h < heads; ++h)
      for (size_t i = 0; i < n; ++i) EXPECT_EQ(y[(r * heads + h) * n + i], 2 * x.row(r)[h * d + begin + i]);
}

TEST(SplitHeads, TakesTheSameColumnsOfEachHead) {
  check_split(1, 5, 2, 3);
  check_split(3, 17, 0, 16);
  check_split(3, 17, 16, 1);
  check_split(5, 33, 7, 20);
  check_split(2, 6, 0, 6);
}

void check_join(size_t heads, size_t da, size_t db, size_t padded, Shared shared) {
  const bool one = shared == Shared::yes;
  VjpCheck check;
  const Tensor a = check.input(4, heads * da), b = check.input(4, one ? db : heads * db);
  const auto op = [&](Graph& g) { return join_heads(g, a, b, shared, heads, padded); };
  EXPECT_TRUE(check(op)) << heads << " " << one;
  const Floats y = check.forward(op);
  for (size_t r = 0; r < 4; ++r)
    for (size_t h = 0; h < heads; ++h)
      for (size_t i = 0; i < padded; ++i) {
        const float* part = b.row(r) + (one ? 0 : h * db);
        EXPECT_EQ(y[(r * heads + h) * padded + i], i < da ? a.row(r)[h * da + i] : i < da + db ? part[i - da] : 0.0f);
      }
}

TEST(JoinHeads, PutsBBehindAAndPads) {
  for (const Shared shared : {Shared::no, Shared::yes}) {
    check_join(1, 3, 2, 5, shared);
    check_join(3, 17, 4, 32, shared);
    check_join(5, 16, 16, 48, shared);
    check_join(2, 1, 1, 16, shared);
  }
}

void check_pad(size_t heads, size_t d, size_t padded) {
  VjpCheck check;
  const Tensor x = check.input(3, heads * d);
  const auto op = [&](Graph& g) { return add(g, pad_heads(g, x, heads, padded), pad_heads(g, x, heads, padded)); };
  EXPECT_TRUE(check(op));
  const Floats y = check.forward(op);
  for (size_t r = 0; r < 3; ++r)
    for (size_t h = 0; h < heads; ++h)
      for (size_t i = 0; i < padded; ++i)
        EXPECT_EQ(y[(r * heads + h) * padded + i], i < d ? 2 * x.row(r)[h * d + i] : 0.0f);
}

TEST(PadHeads, WidensWithZeros) {
  check_pad(1, 1, 16);
  check_pad(3, 17, 32);
  check_pad(2, 16, 16);
  check_pad(5, 33, 48);
}

TEST(JoinColumns, StandsSideBySide) {
  VjpCheck check;
  const Tensor a = check.input(3, 17), b = check.input(3, 5);
  const auto op = [&](Graph& g) { return join_columns(g, a, b); };
  EXPECT_TRUE(check(op));
  const Floats y = check.forward(op);
  for (size_t r = 0; r < 3; ++r)
    for (size_t i = 0; i < 22; ++i) EXPECT_EQ(y[r * 22 + i], i < 17 ? a.row(r)[i] : b.row(r)[i - 17]);
}

}  // namespace
}  // namespace r1
