#include "tasks/words.h"
#include "text/bpe_trainer.h"
#include "train/data.h"

namespace r1 {
namespace {

void append(TrainSequence& s, const std::vector<int>& tokens, bool trained) {
  s.tokens.insert(s.tokens.end(), tokens.begin(), tokens.end());
  s.trained.resize(s.tokens.size(), trained);
}

class CorpusSource final : public SequenceSource {
 public:
  CorpusSource(const CorpusConfig& config, const Tokenizer& tokenizer, const ChatTemplate& chat, uint64_t seed)
      : config_(config), tokenizer_(tokenizer), chat_(chat), seed_(seed) {}

  Result<TrainSequence> sequence(uint64_t index) const override {
    const Document d = corpus_document(config_, seed_, index);
    TrainSequence s;
    if (d.kind == PageKind::problem) {
      const ChatMessage question{"user", d.prompt, ""};
      TRY_ASSIGN(const std::vector<int> prompt, encode_chat(tokenizer_, chat_, {&question, 1}, true));
      append(s, prompt, false);
    } else {
      TRY_ASSIGN(const int bos, tokenizer_.token_id(chat_.bos));
      append(s, {bos}, false);
    }
    append(s, tokenizer_.encode(d.completion, true), true);
    TRY_ASSIGN(const int eos, tokenizer_.token_id(chat_.eos));
    append(s, {eos}, true);
    return s;
  }

 private:
  CorpusConfig config_;
  Tokenizer tokenizer_;
  ChatTemplate chat_;
  uint64_t seed_;
};

}  // namespace

std::unique_ptr<SequenceSource> corpus_source(const CorpusConfig& config, const Tokenizer& tokenizer,
                                              const ChatTemplate& chat, uint64_t seed) {
  return std::make_unique<CorpusSource>(config, tokenizer, chat, seed);
}

Result<Tokenizer> corpus_tokenizer(const ChatTemplate& chat) {
  BpeTrainerOptions options;
  for (const std::string& marker : {chat.bos, chat.eos, chat.user, chat.assistant})
    options.added_tokens.push_back({marker, true});
  for (const char* tag : {"<think>", "</think>", "<answer>", "</answer>"}) options.added_tokens.push_back({tag, false});
  options.max_vocab = 700;
  std::vector<WordCount> words;
  for (const std::string& word : corpus_words()) {
    words.push_back({" " + word, 2});  // inside a text
    words.push_back({word, 1});        // at its start
  }
  return train_bpe(words, options);
}

}  // namespace r1
