// Sequences that share pages, in any order of forking, growing and letting go, read as if each were alone.
#include "models.h"
#include "running.h"

namespace r1 {
namespace {

class Forks : public testing::TestWithParam<Case> {};

// A branch that shares what `from` has read, and goes on with tokens of its own.
std::unique_ptr<Reader> branch_of(KvCache& cache, Rng& rng, const Reader& from, const ModelConfig& config) {
  const size_t shared = from.sequence.length();
  auto branch = std::make_unique<Reader>();
  branch->tokens.assign(from.tokens.begin(), from.tokens.begin() + std::ptrdiff_t(shared));
  const std::vector<int> own = random_tokens(rng, size_t(rng.integer(1, 40)), config);
  branch->tokens.insert(branch->tokens.end(), own.begin(), own.end());
  branch->sequence = cache.fork(from.sequence);
  branch->trace = from.trace;
  return branch;
}

// The log-prob of the last shared token was of the parent's next token, so only hidden states are compared.
void expect_as_if_alone(Runner& run, Model& model, const Reader& branch, std::string_view what) {
  const std::vector<int> read(branch.tokens.begin(), branch.tokens.begin() + std::ptrdiff_t(branch.sequence.length()));
  if (read.empty()) return;
  EXPECT_TRUE(same_bits(branch.trace.hidden, alone(run, model, {read})[0].hidden)) << what;
}

TEST_P(Forks, SharedPagesAreNeverWritten) {
  Model model = model_of(GetParam());
  Runner run;
  for (size_t page_tokens : {size_t(1), size_t(5), size_t(32)}) {
    Rng rng{page_tokens, hash64(GetParam().name), 0};
    KvCache cache(model.config, page_tokens);
    std::vector<std::unique_ptr<Reader>> branches;
    for (const std::vector<int>& s : random_sequences(rng, 2, 60, model.config)) {
      branches.push_back(std::make_unique<Reader>(Reader{s, cache.make_sequence(), {}}));
    }
    for (size_t round = 0; round < 14; ++round) {
      for (size_t n = size_t(rng.integer(0, 2)); n > 0; --n) {  // fork, also forks of forks and of nothing
        const Reader& from = *branches[size_t(rng.integer(0, int64_t(branches.size()) - 1))];
        branches.push_back(branch_of(cache, rng, from, model.config));
      }
      if (branches.size() > 4 && rng.chance(0.3)) {  // let one go, whatever it shares
        const auto gone = branches.begin() + std::ptrdiff_t(rng.integer(0, int64_t(branches.size()) - 1));
        expect_as_if_alone(run, model, **gone, "a branch let go");
        branches.erase(gone);
      }
      rng.shuffle(branches);
      std::vector<Reader*> batch;
      std::vector<size_t> chunks;
      for (const auto& b : branches) {
        const size_t left = b->tokens.size() - b->sequence.length();
        if (left == 0) continue;
        batch.push_back(b.get());
        chunks.push_back(std::min(left, rng.chance(0.5) ? 1 : size_t(rng.integer(0, 9))));
      }
      if (!batch.empty()) read_step(run, model, cache, batch, chunks);
    }
    for (const auto& b : branches) expect_as_if_alone(run, model, *b, cat("pages of ", page_tokens));
    branches.clear();
    EXPECT_EQ(cache.pages_in_use(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Random, Forks, testing::ValuesIn(random_cases(1)), case_name);
INSTANTIATE_TEST_SUITE_P(Reference, Forks, testing::ValuesIn(reference_cases()), case_name);

}  // namespace
}  // namespace r1
