// Learns byte-pair merges from counted words. A function of its arguments: the same tokenizer on every machine.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace r1 {

struct WordCount {
  std::string word;  // a piece that the patterns cut off, with its leading space if it has one
  uint64_t count = 0;
  bool operator==(const WordCount&) const = default;
};

struct BpeTrainerOptions {
  struct Added {
    std::string content;
    bool special = false;
  };
  std::vector<Added> added_tokens;  // ids 0, 1, ...; then the 256 bytes, then merges as they are found
  std::vector<std::string> patterns = {std::string(kGpt2Pattern)};
  size_t max_vocab = 32000;                 // ids in all
  std::vector<std::string> must_be_tokens;  // trained as words seen once more than the corpus says
  bool every_word = true;                   // each word of the corpus must be one token as well
};

// The words of `texts` under options.patterns, the added tokens cut out first. Sorted by word.
Result<std::vector<WordCount>> count_pre_tokens(std::span<const std::string> texts, const BpeTrainerOptions& options);

// Merges the most frequent pair (ties: the smaller left id, then the smaller right id) until every word is one token or
// there are max_vocab ids. Errors: a required word is not one token then (it is named; also when the patterns cut it
// apart), or merging would spell an added token.
Result<Tokenizer> train_bpe(std::span<const WordCount> corpus, const BpeTrainerOptions& options);

}  // namespace r1
