#include "text/bpe.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/rng.h"

namespace r1 {
namespace {

// The meaning of byte-pair merging, one merge at a time.
std::vector<int> merge_slowly(std::vector<int> symbols, const std::vector<MergeRule>& rules) {
  while (true) {
    std::optional<std::pair<size_t, size_t>> best;  // rank, position
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      for (size_t rank = 0; rank < rules.size(); ++rank) {
        if (rules[rank].left == symbols[i] && rules[rank].right == symbols[i + 1] && (!best || rank < best->first))
          best = {rank, i};
      }
    }
    if (!best) return symbols;
    symbols[best->second] = rules[best->first].result;
    symbols.erase(symbols.begin() + ptrdiff_t(best->second) + 1);
  }
}

std::vector<int> merge(std::vector<int> symbols, const std::vector<MergeRule>& rules) {
  BpeWorkspace workspace;
  BpeMerges(rules).apply(symbols, workspace);
  return symbols;
}

TEST(Bpe, LowestRankFirstThenLeftmost) {
  const std::vector<MergeRule> rules = {{1, 1, 2}, {2, 1, 3}, {2, 2, 4}};
  EXPECT_EQ(merge({1, 1, 1}, rules), (std::vector<int>{3}));
  EXPECT_EQ(merge({1, 1, 1, 1}, rules), (std::vector<int>{4}));
  EXPECT_EQ(merge({1, 1, 1, 1, 1}, rules), (std::vector<int>{2, 3}));
  EXPECT_EQ(merge({}, rules), (std::vector<int>{}));
  EXPECT_EQ(merge({1}, rules), (std::vector<int>{1}));
  EXPECT_EQ(merge({1, 1}, {}), (std::vector<int>{1, 1}));
}

TEST(Bpe, AgreesWithTheSlowMeaningOnRandomRules) {
  Rng rng{7, 1};
  BpeWorkspace workspace;  // kept between calls, as a caller does
  for (int round = 0; round < 3000; ++round) {
    std::vector<MergeRule> rules;
    const int letters = 3;
    for (int i = 0; i < 12; ++i) {
      const MergeRule rule{int(rng.integer(0, letters + i - 1)), int(rng.integer(0, letters + i - 1)), letters + i};
      bool known = false;
      for (const MergeRule& r : rules) known |= r.left == rule.left && r.right == rule.right;
      if (!known) rules.push_back(rule);
    }
    rng.shuffle(rules);  // a rule may rank before the rules that make its parts
    std::vector<int> symbols;
    for (int64_t n = rng.integer(0, 40); n > 0; --n) symbols.push_back(int(rng.integer(0, letters - 1)));
    const std::vector<int> want = merge_slowly(symbols, rules);
    BpeMerges(rules).apply(symbols, workspace);
    ASSERT_EQ(symbols, want) << round;
  }
}

// Quadratic merging would run for an hour.
TEST(Bpe, AMillionEqualSymbols) {
  std::vector<MergeRule> rules;
  for (int i = 0; i < 20; ++i) rules.push_back({i, i, i + 1});
  EXPECT_EQ(merge(std::vector<int>(size_t(1) << 20, 0), rules), (std::vector<int>{20}));
}

}  // namespace
}  // namespace r1
