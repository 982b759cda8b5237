// Byte-level BPE: text to token ids and back, as the Hugging Face `tokenizers` library does it.
//
// A text is cut into pieces by patterns (text/pre_tokenizer.h); a piece's bytes are merged by rank (text/bpe.h). What
// differs between families (GPT-2, Llama 3, Qwen2, DeepSeek-V3) is data in the spec; nothing here knows a family. Any
// byte string can be encoded, and decodes to itself unless the spec asks for NFC.
//
// Thread safety: a Tokenizer is immutable, cheap to copy, and may be used from any number of threads.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace r1 {

// A token that is found in the text before anything else, if markers are asked for.
struct AddedToken {
  int id = 0;
  std::string content;
  bool special = false;     // skipped by decode(skip_special)
  bool normalized = false;  // looked for in the normalised text, after those that are not
  bool in_vocab = true;     // the file lists it in the BPE vocabulary as well
};

// One merge, by token ids; what the two give is the token with both their bytes.
struct MergePair {
  int left = 0, right = 0;
  bool operator==(const MergePair&) const = default;
};

struct TokenizerSpec {
  std::vector<std::string> tokens;  // bytes by id; empty: an unused id. create() puts the added tokens in
  std::vector<MergePair> merges;    // by rank
  std::vector<AddedToken> added;
  std::vector<std::string> patterns;  // split patterns, in order
  bool nfc = false;                   // normalise to NFC first
  bool ignore_merges = false;         // a piece that is a token is that token, whatever the merges say
  // What other programs put around a text (the file's post-processor); encode() itself adds nothing.
  std::optional<int> begin_token, end_token;
};

class Tokenizer {
 public:
  // Errors: ids out of range or taken twice, equal tokens, merges of unknown tokens, a byte without a token (bytes that
  // UTF-8 never uses may lack one: each is then encoded as U+FFFD), a pattern that cannot be used. `where` names the
  // source.
  static Result<Tokenizer> create(TokenizerSpec spec, std::string_view where);

  const TokenizerSpec& spec() const;
  size_t vocab_size() const;  // one more than the largest id

  // With parse_special the text of an added token (special or not) becomes its id; without, it is text like any other,
  // which is right for everything a user or a document wrote. Time is about linear in the text, also for one long word.
  std::vector<int> encode(std::string_view text, bool parse_special) const;

  // The bytes as the tokens give them, not necessarily UTF-8 (see StreamDecoder, replace_invalid_utf8).
  Result<std::string> decode(std::span<const int> ids, bool skip_special) const;
  // Points into the tokenizer.
  Result<std::string_view> bytes_of(int id) const;
  bool is_special(int id) const;

  // An added token's content, or else a vocabulary token's bytes.
  Result<int> token_id(std::string_view content) const;

 private:
  struct State;
  explicit Tokenizer(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

// Decodes token by token. Its output is always valid UTF-8: a character cut between tokens waits for its rest, and
// what can no longer become one is U+FFFD. All output together is replace_invalid_utf8(decode(ids)).
class StreamDecoder {
 public:
  StreamDecoder(Tokenizer tokenizer, bool skip_special)
      : tokenizer_(std::move(tokenizer)), skip_special_(skip_special) {}
  // Text that is now certain; often empty.
  Result<std::string> push(int id);
  // What is left, at the end.
  std::string finish();

 private:
  Tokenizer tokenizer_;
  bool skip_special_;
  std::string waiting_;
};

// tokenizer.json of the Hugging Face `tokenizers` library: a BPE model with a ByteLevel decoder. Its parts are taken if
// they fit the spec (normalizer: NFC; pre-tokenizer: Split, Digits, ByteLevel; post-processor: TemplateProcessing); any
// other part is an error that names it. Truncation and padding settings are not the tokenizer's and are left aside.
Result<Tokenizer> tokenizer_from_json(std::string_view text, std::string_view where);
// The same bytes for the same spec. What was read from a file comes out equivalent, not byte-equal.
std::string tokenizer_to_json(const Tokenizer& tokenizer);

}  // namespace r1
