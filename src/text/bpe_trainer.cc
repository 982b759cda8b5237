#include "text/bpe_trainer.h"

#include <algorithm>
#include <map>
#include <queue>
#include <unordered_map>

#include "text/marker_finder.h"
#include "text/utf8.h"

namespace r1 {
namespace {

struct PairState {
  uint64_t count = 0;
  std::vector<size_t> words;  // indices of words that have or had the pair; ascending runs, with repeats
};

struct Word {
  std::vector<int> symbols;
  uint64_t count = 0;
};

uint64_t pair_key(int left, int right) { return uint64_t(left) << 32 | uint32_t(right); }

class MergeLearner {
 public:
  MergeLearner(std::vector<Word> words, std::vector<std::string>& tokens, size_t first_mergeable)
      : words_(std::move(words)), tokens_(tokens), first_mergeable_(first_mergeable) {
    for (size_t id = 0; id < tokens_.size(); ++id) ids_.emplace(tokens_[id], int(id));
    for (size_t i = 0; i < words_.size(); ++i) count_pairs(i, true);
    for (const auto& [key, pair] : pairs_) queue_.push({pair.count, key});
  }

  // Adds the next merge to `merges`, and its token if there was none. False when no word has two symbols left.
  Result<bool> step(std::vector<MergePair>& merges) {
    while (!queue_.empty()) {
      const Entry best = queue_.top();
      queue_.pop();
      const auto found = pairs_.find(best.key);
      if (found == pairs_.end() || found->second.count != best.count || best.count == 0) continue;  // out of date
      const int left = int(best.key >> 32), right = int(uint32_t(best.key));
      const auto [token, fresh] = ids_.emplace(tokens_[size_t(left)] + tokens_[size_t(right)], int(tokens_.size()));
      if (fresh) tokens_.push_back(token->first);
      if (size_t(token->second) < first_mergeable_)
        return Error::invalid("added_tokens", cat("\"", token->first, "\" is also a part of a word of the corpus"));
      merges.push_back({left, right});
      merge_everywhere(left, right, token->second);
      return true;
    }
    return false;
  }

 private:
  struct Entry {
    uint64_t count, key;
    bool operator<(const Entry& other) const { return count != other.count ? count < other.count : key > other.key; }
  };

  void count_pairs(size_t index, bool add) {
    const Word& word = words_[index];
    for (size_t i = 0; i + 1 < word.symbols.size(); ++i) {
      const uint64_t key = pair_key(word.symbols[i], word.symbols[i + 1]);
      PairState& pair = pairs_[key];
      pair.count += add ? word.count : -word.count;
      if (add && (pair.words.empty() || pair.words.back() != index)) pair.words.push_back(index);
      touched_.push_back(key);
    }
  }

  void merge_everywhere(int left, int right, int result) {
    std::vector<size_t> affected = std::move(pairs_[pair_key(left, right)].words);
    std::sort(affected.begin(), affected.end());
    affected.erase(std::unique(affected.begin(), affected.end()), affected.end());
    touched_.clear();
    for (const size_t index : affected) {
      count_pairs(index, false);
      std::vector<int>& symbols = words_[index].symbols;
      size_t kept = 0;
      for (size_t i = 0; i < symbols.size(); ++i) {
        const bool both = i + 1 < symbols.size() && symbols[i] == left && symbols[i + 1] == right;
        symbols[kept++] = both ? result : symbols[i];
        i += both;
      }
      symbols.resize(kept);
      count_pairs(index, true);
    }
    std::sort(touched_.begin(), touched_.end());
    touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
    for (const uint64_t key : touched_) {
      const auto found = pairs_.find(key);
      if (found->second.count == 0) {
        pairs_.erase(found);
      } else {
        queue_.push({found->second.count, key});
      }
    }
  }

  std::vector<Word> words_;
  std::vector<std::string>& tokens_;
  size_t first_mergeable_;  // smaller ids are added tokens
  std::unordered_map<std::string, int> ids_;
  std::unordered_map<uint64_t, PairState> pairs_;
  std::priority_queue<Entry> queue_;
  std::vector<uint64_t> touched_;
};

Status check_word(const Tokenizer& tokenizer, const std::string& word, size_t max_vocab) {
  const size_t n = tokenizer.encode(word, false).size();
  if (n == 1) return {};
  return Error::invalid("max_vocab", cat("is ", max_vocab, "; the tokenizer has ", tokenizer.vocab_size(),
                                         " tokens and still splits \"", replace_invalid_utf8(word), "\" into ", n));
}

}  // namespace

Result<std::vector<WordCount>> count_pre_tokens(std::span<const std::string> texts, const BpeTrainerOptions& options) {
  TRY_ASSIGN(const PreTokenizer pre_tokenizer, PreTokenizer::create(options.patterns, "patterns"));
  std::vector<MarkerFinder::Marker> markers;
  for (const auto& added : options.added_tokens) {
    if (added.content.empty()) return Error::invalid("added_tokens", "has an empty token");
    markers.push_back({added.content, 0});
  }
  const MarkerFinder finder(markers);
  std::map<std::string, uint64_t, std::less<>> counts;
  const auto count_words = [&](std::string_view text) {
    for (const std::string_view piece : pre_tokenizer.split(text)) {
      const auto found = counts.find(piece);
      if (found == counts.end()) {
        counts.emplace(piece, 1);
      } else {
        ++found->second;
      }
    }
  };
  for (const std::string& text : texts) finder.cut(text, count_words, [](int) {});
  std::vector<WordCount> words;
  for (const auto& [word, count] : counts) words.push_back({word, count});
  return words;
}

Result<Tokenizer> train_bpe(std::span<const WordCount> corpus, const BpeTrainerOptions& options) {
  TokenizerSpec spec;
  spec.patterns = options.patterns;
  for (const auto& [content, special] : options.added_tokens) {
    spec.added.push_back({int(spec.tokens.size()), content, special, false, true});
    spec.tokens.push_back(content);
  }
  const size_t first_byte = spec.tokens.size();
  for (unsigned byte = 0; byte < 256; ++byte) spec.tokens.push_back(std::string(1, char(byte)));
  if (options.max_vocab < spec.tokens.size())
    return Error::invalid("max_vocab", cat("is ", options.max_vocab, "; expected at least ", spec.tokens.size(),
                                           " for the added tokens and the 256 bytes"));

  std::map<std::string, uint64_t> counts;  // ordered, so that the result does not depend on the order of the arguments
  for (const auto& [word, count] : corpus) counts[word] += count;
  for (const std::string& word : options.must_be_tokens) ++counts[word];
  std::vector<Word> words;
  for (const auto& [word, count] : counts) {
    Word& w = words.emplace_back();
    w.count = count;
    for (const char c : word) w.symbols.push_back(int(first_byte + uint8_t(c)));
  }

  MergeLearner learner(std::move(words), spec.tokens, first_byte);
  while (spec.tokens.size() < options.max_vocab) {
    TRY_ASSIGN(const bool merged, learner.step(spec.merges));
    if (!merged) break;
  }
  TRY_ASSIGN(Tokenizer tokenizer, Tokenizer::create(std::move(spec), "trained tokenizer"));
  for (const std::string& word : options.must_be_tokens) TRY(check_word(tokenizer, word, options.max_vocab));
  if (options.every_word) {
    for (const auto& [word, count] : corpus) TRY(check_word(tokenizer, word, options.max_vocab));
  }
  return tokenizer;
}

}  // namespace r1
