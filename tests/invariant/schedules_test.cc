// A position's hidden state and log-probability depend on its own sequence up to there, and on nothing else: not on how
// the prompt is cut, on the cache, its pages, the other sequences, threads, or the instruction set.
#include <cmath>

#include "models.h"
#include "running.h"

namespace r1 {
namespace {

class Schedules : public testing::TestWithParam<Case> {
 protected:
  Model model = model_of(GetParam());
  Rng rng{GetParam().seed, hash64(GetParam().name), 0};

  // Lengths on both sides of a page, of a block of attention keys and of two.
  Sequences uneven() {
    Sequences out;
    for (size_t n : {size_t(1), size_t(2), size_t(33), kKeyBlock, kKeyBlock + 1, 2 * kKeyBlock + 7})
      out.push_back(random_tokens(rng, n, model.config));
    return out;
  }
};

TEST_P(Schedules, ThePromptMayBeCutAnywhere) {
  Runner run;
  const Sequences sequences = uneven();
  const Traces want = alone(run, model, sequences);
  EXPECT_TRUE(same_bits(at_once(run, model, sequences, Recording::no), want));
  EXPECT_TRUE(same_bits(at_once(run, model, sequences, Recording::yes), want));
  for (const std::vector<int>& s : sequences) {  // whole, in one piece through the cache
    KvCache cache(model.config, 5);
    Reader whole{s, cache.make_sequence(), {}};
    read_step(run, model, cache, {&whole}, {s.size()});
    EXPECT_TRUE(same_bits(whole.trace, want[size_t(&s - sequences.data())]));
  }
  EXPECT_TRUE(same_bits(through_cache(run, model, sequences, {.seed = 1, .max_chunk = 1}), want)) << "token by token";
  EXPECT_TRUE(same_bits(through_cache(run, model, sequences, {.seed = 2, .max_chunk = 90, .page_tokens = 5}), want))
      << "in random chunks";
}

TEST_P(Schedules, BatchesOfAnySizeAndOrder) {
  Runner run;
  for (size_t count : {size_t(1), size_t(8), size_t(64)}) {
    const Sequences sequences = random_sequences(rng, count, count == 1 ? 150 : 25, model.config);
    const Traces want = alone(run, model, sequences);
    for (size_t page_tokens : {size_t(1), size_t(5), size_t(32)})
      EXPECT_TRUE(
          same_bits(through_cache(run, model, sequences,
                                  {.seed = count, .max_chunk = 9, .page_tokens = page_tokens, .taking_part = 0.7}),
                    want))
          << "a batch of " << count << ", pages of " << page_tokens;
  }
}

TEST_P(Schedules, InstructionSets) {
  Runner best;
  best.inverse_temperature = 1 / 0.7f;
  Sequences sequences = random_sequences(rng, 4, 12, model.config);
  sequences.push_back(random_tokens(rng, kKeyBlock + 5, model.config));
  const Traces want = alone(best, model, sequences);
  for (const Kernels* kernels : all_kernels()) {
    Runner run(1, *kernels);
    run.inverse_temperature = best.inverse_temperature;
    EXPECT_TRUE(same_bits(at_once(run, model, sequences, Recording::yes), want)) << kernels->name << ", recording";
    EXPECT_TRUE(same_bits(through_cache(run, model, sequences, {.seed = 3, .max_chunk = 30, .page_tokens = 5}), want))
        << kernels->name;
  }
}

INSTANTIATE_TEST_SUITE_P(Random, Schedules, testing::ValuesIn(random_cases(2)), case_name);
INSTANTIATE_TEST_SUITE_P(Reference, Schedules, testing::ValuesIn(reference_cases()), case_name);

class Threads : public testing::TestWithParam<Case> {};

TEST_P(Threads, AnyNumber) {
  Model model = model_of(GetParam());
  Rng rng{1, hash64(GetParam().name), 0};
  Sequences sequences = random_sequences(rng, 3, 9, model.config);
  sequences.push_back(random_tokens(rng, kKeyBlock + 5, model.config));
  Runner one;
  const Traces want = alone(one, model, sequences);
  for (size_t threads : {size_t(2), size_t(3)}) {
    Runner run(threads);
    EXPECT_TRUE(same_bits(at_once(run, model, sequences, Recording::yes), want)) << threads << " threads, recording";
    EXPECT_TRUE(same_bits(through_cache(run, model, sequences, {.seed = 3, .max_chunk = 40, .taking_part = 0.8}), want))
        << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(Wide, Threads, testing::ValuesIn(random_cases(1, Width::wide)), case_name);

// The comparator itself refuses what it must.
TEST(SameBits, TellsTheLastBitSignsOfZeroAndLengthsApart) {
  const std::vector<float> a = {1, 0, NAN}, last_bit = {std::nextafter(1.0f, 2.0f), 0, NAN}, sign = {1, -0.0f, NAN},
                           shorter = {1, 0};
  EXPECT_TRUE(same_bits(a, a));
  EXPECT_FALSE(same_bits(last_bit, a));
  EXPECT_FALSE(same_bits(sign, a));
  EXPECT_FALSE(same_bits(shorter, a));
}

}  // namespace
}  // namespace r1
