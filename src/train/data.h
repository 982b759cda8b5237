// Where pretraining and fine-tuning get their sequences.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/files.h"
#include "tasks/corpus.h"
#include "text/template.h"
#include "text/tokenizer.h"
#include "train/sequence_loss.h"

namespace r1 {

// An endless, random-access list of sequences: item i is a pure function of (source, seed, i).
class SequenceSource {
 public:
  virtual ~SequenceSource() = default;
  virtual Result<TrainSequence> sequence(uint64_t index) const = 0;
  virtual uint64_t size() const { return 0; }  // items of an epoch; 0: endless
};

// The quickstart's corpus. Problem pages train on the answer, practice pages on everything but the begin marker.
std::unique_ptr<SequenceSource> corpus_source(const CorpusConfig& config, const Tokenizer& tokenizer,
                                              const ChatTemplate& chat, uint64_t seed);

// JSONL, one sample a line, in the field names of TRL and verl: {"messages": [{"role", "content"}..]} trains on the
// assistant's turns;
// {"prompt": text or messages, "completion" or "response" or "answer": text or messages} on the
// completion; {"text"} on all of it. Each epoch in an order of its own. Errors name the line.
Result<std::unique_ptr<SequenceSource>> jsonl_source(Files& files, const std::string& path, const Tokenizer& tokenizer,
                                                     const ChatTemplate& chat, uint64_t seed, size_t max_tokens);

// The quickstart's tokenizer: 256 bytes plus merges that make each corpus word and number one token.
Result<Tokenizer> corpus_tokenizer(const ChatTemplate& chat);

}  // namespace r1
