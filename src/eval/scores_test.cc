#include "eval/scores.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace r1 {
namespace {

GradedSample right(const char* vote) {
  GradedSample s;
  s.correct = s.correct_format_blind = true;
  s.vote = vote;
  return s;
}
GradedSample wrong(const char* vote) {
  GradedSample s;
  s.vote = vote;
  return s;
}
GradedSample silent() { return {}; }

EvalScores of(const std::vector<ProblemSamples>& problems) {
  std::vector<const ProblemSamples*> pointers;
  for (const ProblemSamples& p : problems) pointers.push_back(&p);
  return summarise(pointers);
}

// The share of the k-subsets of n samples that hold one of the c right ones, counted one by one.
double counted_pass(size_t n, size_t c, size_t k) {
  size_t subsets = 0, passed = 0;
  for (uint32_t set = 0; set < (1u << n); ++set) {
    if (size_t(std::popcount(set)) != k) continue;
    ++subsets;
    passed += (set & ((1u << c) - 1)) != 0;
  }
  return double(passed) / double(subsets);
}

TEST(PassAtK, EqualsCountedSubsets) {
  for (size_t n = 1; n <= 9; ++n)
    for (size_t c = 0; c <= n; ++c)
      for (size_t k = 1; k <= n; ++k) EXPECT_NEAR(pass_at_k(n, c, k), counted_pass(n, c, k), 1e-12) << n << c << k;
}

TEST(PassAtK, EdgesAndLargeCounts) {
  EXPECT_EQ(pass_at_k(16, 0, 16), 0);
  EXPECT_EQ(pass_at_k(16, 1, 16), 1);
  EXPECT_NEAR(pass_at_k(64, 16, 1), 0.25, 1e-15);
  EXPECT_NEAR(pass_at_k(100000, 1, 50000), 0.5, 1e-9);
}

TEST(Consensus, TheMostSupportersWin) {
  EXPECT_EQ(consensus(ProblemSamples{wrong("1"), right("2"), right("2")}), 1u);
  EXPECT_EQ(consensus(ProblemSamples{wrong("1"), right("2"), right("2"), wrong("1"), wrong("1")}), 0u);
}

TEST(Consensus, OfEqualsTheFirstSeen) {
  EXPECT_EQ(consensus(ProblemSamples{wrong("a"), right("b"), right("b"), wrong("a")}), 0u);
  EXPECT_EQ(consensus(ProblemSamples{right("b"), wrong("a"), wrong("a"), right("b")}), 0u);
}

TEST(Consensus, SilenceNeverWins) {
  EXPECT_EQ(consensus(ProblemSamples{silent(), silent(), right("5")}), 2u);
  EXPECT_EQ(consensus(ProblemSamples{silent(), silent()}), std::nullopt);
  EXPECT_EQ(consensus(ProblemSamples{}), std::nullopt);
  EXPECT_EQ(of({{silent(), silent()}}).cons_at_k, 0);
}

TEST(Summarise, MeansOverProblems) {
  const EvalScores s =
      of({{right("1"), right("1"), wrong("2"), wrong("3")}, {wrong("1"), wrong("1"), wrong("1"), right("7")}});
  EXPECT_EQ(s.problems, 2u);
  EXPECT_EQ(s.k, 4u);
  EXPECT_DOUBLE_EQ(s.pass_at_1, (0.5 + 0.25) / 2);
  EXPECT_DOUBLE_EQ(s.pass_at_k, 1);
  EXPECT_DOUBLE_EQ(s.cons_at_k, 0.5);
}

TEST(Summarise, StandardErrorIsClusteredByProblem) {
  // Per-problem means 1, 0, 1, 0: sample deviation sqrt(1/3), over sqrt(4). More samples of the same problems change
  // nothing.
  const ProblemSamples all{right("1"), right("1")}, none{wrong("1"), wrong("1")};
  EXPECT_NEAR(of({all, none, all, none}).pass_at_1_error, std::sqrt(1.0 / 3) / 2, 1e-15);
  const ProblemSamples all_long(50, right("1")), none_long(50, wrong("1"));
  EXPECT_NEAR(of({all_long, none_long, all_long, none_long}).pass_at_1_error, std::sqrt(1.0 / 3) / 2, 1e-15);
  EXPECT_EQ(of({all}).pass_at_1_error, 0);
}

TEST(Summarise, SharesAndLength) {
  GradedSample a, b;
  a.format = a.reflective = true;
  a.tokens = 10;
  b.cut_off = b.mixed = b.correct_format_blind = true;
  b.tokens = 31;
  a.consistency = 0.5;
  b.consistency = 1.0;
  const EvalScores s = of({{a, b}, {silent(), silent()}});
  EXPECT_DOUBLE_EQ(s.format, 0.25);
  EXPECT_DOUBLE_EQ(s.reflective, 0.25);
  EXPECT_DOUBLE_EQ(s.cut_off, 0.25);
  EXPECT_DOUBLE_EQ(s.mixed, 0.25);
  EXPECT_DOUBLE_EQ(s.pass_at_1_format_blind, 0.25);
  EXPECT_DOUBLE_EQ(s.mean_length, 41.0 / 4);
  ASSERT_TRUE(s.consistency.has_value());
  EXPECT_DOUBLE_EQ(*s.consistency, 0.75);  // over the one problem whose language is known
  EXPECT_FALSE(of({{silent()}}).consistency.has_value());
}

TEST(Summarise, NoProblems) {
  EXPECT_EQ(of({}).problems, 0u);
  EXPECT_EQ(of({}).pass_at_1, 0);
}

TEST(NamedScores, BearTheSampleCount) {
  std::vector<std::string> names;
  for (const auto& [name, value] : named_scores(of({ProblemSamples(16, right("1"))}))) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"pass@1", "pass@1_error", "pass@1_format_blind", "pass@16", "cons@16",
                                             "mean_length", "format", "cut_off", "reflective", "mixed_language"}));
  EXPECT_EQ(named_scores(of({{right("1")}}))[3].first, "mean_length");
}

}  // namespace
}  // namespace r1
