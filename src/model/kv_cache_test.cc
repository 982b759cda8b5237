// Pages: who holds them, when they are copied, and that none is lost.
#include "model/kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace r1 {
namespace {

ModelConfig tiny() {
  ModelConfig c = *preset("tiny-v3");
  c.num_hidden_layers = 2;
  return c;
}

// A sequence with what it should hold: a mark for each position, in every layer and at both ends of the row.
struct Marked {
  KvSequence sequence;
  std::vector<float> marks;
};

struct MarkedCache {
  ModelConfig config = tiny();
  size_t row = attention_layout(config).row;
  KvCache cache;
  float next_mark = 1;

  explicit MarkedCache(size_t page_tokens) : cache(config, page_tokens) {}
  Marked make() { return {cache.make_sequence(), {}}; }
  Marked fork(const Marked& from) { return {cache.fork(from.sequence), from.marks}; }

  void grow(Marked& m, size_t tokens) {
    cache.extend(m.sequence, tokens);
    for (size_t i = 0; i < tokens; ++i) {
      for (size_t layer = 0; layer < config.num_hidden_layers; ++layer) {
        float* to = cache.row_for_write(m.sequence, layer, m.marks.size());
        to[0] = next_mark + 0.25f * float(layer);
        to[row - 1] = -to[0];
      }
      m.marks.push_back(next_mark++);
    }
    cache.commit(m.sequence, tokens);
  }

  void expect_whole(const Marked& m) const {
    ASSERT_EQ(m.sequence.length(), m.marks.size());
    std::vector<const float*> pages;
    for (size_t layer = 0; layer < config.num_hidden_layers; ++layer) {
      cache.page_pointers(m.sequence, layer, pages);
      EXPECT_EQ(pages.size(), (m.marks.size() + cache.page_tokens() - 1) / cache.page_tokens());
      for (size_t i = 0; i < m.marks.size(); ++i) {
        const float* at = pages[i / cache.page_tokens()] + i % cache.page_tokens() * row;
        ASSERT_EQ(at[0], m.marks[i] + 0.25f * float(layer)) << "position " << i;
        ASSERT_EQ(at[row - 1], -at[0]);
      }
    }
  }
};

TEST(KvCache, PagesAreTakenAndGivenBack) {
  MarkedCache c(4);
  {
    Marked a = c.make(), b = c.make();
    EXPECT_EQ(c.cache.pages_in_use(), 0u);
    c.grow(a, 4);
    EXPECT_EQ(c.cache.pages_in_use(), 1u);
    c.grow(a, 1);
    c.grow(b, 9);
    EXPECT_EQ(c.cache.pages_in_use(), 2u + 3u);
    c.expect_whole(a);
    a.sequence.clear();
    EXPECT_EQ(a.sequence.length(), 0u);
    EXPECT_EQ(c.cache.pages_in_use(), 3u);
    a.marks.clear();
    c.grow(a, 3);  // freed pages are used again
    EXPECT_EQ(c.cache.pages_in_use(), 4u);
    c.expect_whole(a);
    c.expect_whole(b);
  }
  EXPECT_EQ(c.cache.pages_in_use(), 0u);
}

TEST(KvCache, AForkCostsNothingUntilOneGrowsIntoASharedPage) {
  MarkedCache c(4);
  Marked a = c.make();
  c.grow(a, 6);
  Marked b = c.fork(a), third = c.fork(b);
  EXPECT_EQ(c.cache.pages_in_use(), 2u);
  c.grow(b, 1);  // its half page is copied, the whole one stays shared
  EXPECT_EQ(c.cache.pages_in_use(), 3u);
  c.grow(b, 1);
  EXPECT_EQ(c.cache.pages_in_use(), 3u);
  c.grow(a, 1);  // shared with the third still
  EXPECT_EQ(c.cache.pages_in_use(), 4u);
  c.grow(third, 1);  // the last holder writes in place
  EXPECT_EQ(c.cache.pages_in_use(), 4u);
  for (const Marked* m : {&a, &b, &third}) c.expect_whole(*m);
}

TEST(KvCache, AForkAtAPagesEndSharesAllOfIt) {
  MarkedCache c(4);
  Marked a = c.make();
  c.grow(a, 8);
  Marked b = c.fork(a), empty = c.fork(c.make());
  c.grow(b, 1);
  EXPECT_EQ(c.cache.pages_in_use(), 3u);
  EXPECT_EQ(empty.sequence.length(), 0u);
  a.sequence.clear();
  EXPECT_EQ(c.cache.pages_in_use(), 3u) << "the fork holds the parent's pages";
  c.expect_whole(b);
  b.sequence.clear();
  EXPECT_EQ(c.cache.pages_in_use(), 0u);
}

TEST(KvCache, ExtendingByNothingCopiesNothing) {
  MarkedCache c(4);
  Marked a = c.make();
  c.grow(a, 3);
  Marked b = c.fork(a);
  c.grow(b, 0);
  EXPECT_EQ(c.cache.pages_in_use(), 1u);
}

TEST(KvSequence, MovesHandItsPagesOver) {
  MarkedCache c(4);
  Marked a = c.make(), b = c.make();
  c.grow(a, 5);
  c.grow(b, 9);
  b.sequence = std::move(a.sequence);  // b's own pages are given back
  EXPECT_EQ(c.cache.pages_in_use(), 2u);
  EXPECT_EQ(b.sequence.length(), 5u);
  EXPECT_EQ(a.sequence.length(), 0u);
  KvSequence moved(std::move(b.sequence));
  EXPECT_EQ(moved.length(), 5u);
  moved.clear();
  moved.clear();
  EXPECT_EQ(c.cache.pages_in_use(), 0u);
}

TEST(KvCache, RandomLivesNeitherMixNorLeak) {
  for (size_t page_tokens : {size_t(1), size_t(3), size_t(32)}) {
    MarkedCache c(page_tokens);
    Rng rng{page_tokens, 0, 0};
    std::vector<Marked> all;
    const auto any = [&]() -> Marked& { return all[size_t(rng.integer(0, int64_t(all.size()) - 1))]; };
    for (size_t step = 0; step < 600; ++step) {
      const double what = rng.uniform();
      if (all.empty() || what < 0.1)
        all.push_back(c.make());
      else if (what < 0.3)
        all.push_back(c.fork(any()));
      else if (what < 0.5)
        all.erase(all.begin() + std::ptrdiff_t(rng.integer(0, int64_t(all.size()) - 1)));
      else
        c.grow(any(), size_t(rng.integer(0, 7)));
      if (step % 20 == 0)
        for (const Marked& m : all) c.expect_whole(m);
    }
    for (const Marked& m : all) c.expect_whole(m);
    all.clear();
    EXPECT_EQ(c.cache.pages_in_use(), 0u);
  }
}

}  // namespace
}  // namespace r1
