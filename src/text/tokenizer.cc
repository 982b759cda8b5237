#include "text/tokenizer.h"

#include <array>
#include <unordered_map>
#include <unordered_set>

#include "format/utf8.h"
#include "text/bpe.h"
#include "text/byte_alphabet.h"
#include "text/marker_finder.h"
#include "text/normalize.h"
#include "text/pre_tokenizer.h"
#include "text/utf8.h"

namespace r1 {
namespace {

constexpr size_t kMaxVocab = size_t(1) << 22;
constexpr size_t kMaxMarkerBytes = 1024;  // bounds the time of the search for markers
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

using TokenIds = std::unordered_map<std::string_view, int>;

bool never_in_utf8(unsigned byte) { return byte == 0xC0 || byte == 0xC1 || byte >= 0xF5; }

// A vocabulary entry that is written as it is can be met by merging only if it reads the same in the byte alphabet.
bool reachable_by_merges(const AddedToken& added) {
  return added.in_vocab && alphabet_from_bytes(added.content) == added.content;
}

std::string quoted(std::string_view bytes) { return cat("\"", replace_invalid_utf8(bytes.substr(0, 60)), "\""); }

Status check_added(const AddedToken& added, std::string_view where) {
  const auto invalid = [&](std::string_view message) {
    return Error::invalid(std::string(where),
                          cat("added token ", quoted(added.content), " (id ", added.id, ") ", message));
  };
  if (added.content.empty()) return invalid("is empty");
  if (added.content.size() > kMaxMarkerBytes) return invalid(cat("has more than ", kMaxMarkerBytes, " bytes"));
  if (!is_utf8(added.content)) return invalid("is not UTF-8");
  if (added.id < 0 || size_t(added.id) >= kMaxVocab) return invalid(cat("has an id outside 0..", kMaxVocab - 1));
  return {};
}

// Puts the added tokens among the others.
Status place_added_tokens(TokenizerSpec& spec, std::string_view where) {
  std::unordered_set<std::string_view> contents;
  std::unordered_set<int> ids;
  for (const AddedToken& added : spec.added) {
    TRY(check_added(added, where));
    if (!contents.insert(added.content).second)
      return Error::invalid(std::string(where), cat("added token ", quoted(added.content), " occurs twice"));
    if (!ids.insert(added.id).second)
      return Error::invalid(std::string(where), cat("id ", added.id, " belongs to two added tokens"));
    if (size_t(added.id) >= spec.tokens.size()) spec.tokens.resize(size_t(added.id) + 1);
    std::string& token = spec.tokens[size_t(added.id)];
    if (!token.empty() && token != added.content) {
      return Error::invalid(std::string(where), cat("id ", added.id, " is ", quoted(token), " in the vocabulary but ",
                                                    quoted(added.content), " among the added tokens"));
    }
    token = added.content;
  }
  return {};
}

}  // namespace

struct Tokenizer::State {
  TokenizerSpec spec;
  TokenIds piece_ids;    // tokens that merging can give
  TokenIds content_ids;  // every token; points into spec.tokens
  std::array<int, 256> byte_ids{};
  std::vector<bool> special;
  PreTokenizer pre_tokenizer;
  BpeMerges merges{{}};
  MarkerFinder raw_markers{{}}, normalized_markers{{}};

  Status index_tokens(std::string_view where);
  Status index_bytes(std::string_view where);
  Status index_merges(std::string_view where);
  void index_markers();
  void encode_piece(std::string_view piece, std::vector<int>& symbols, BpeWorkspace& workspace) const;
};

Status Tokenizer::State::index_tokens(std::string_view where) {
  std::vector<bool> unreachable(spec.tokens.size());
  special.resize(spec.tokens.size());
  for (const AddedToken& added : spec.added) {
    unreachable[size_t(added.id)] = !reachable_by_merges(added);
    special[size_t(added.id)] = added.special;
  }
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    const std::string_view token = spec.tokens[id];
    if (token.empty()) continue;
    if (!unreachable[id]) {
      const auto [it, added] = piece_ids.emplace(token, int(id));
      if (!added)
        return Error::invalid(std::string(where),
                              cat("token ", quoted(token), " has two ids, ", it->second, " and ", id));
    }
    content_ids.emplace(token, int(id));
  }
  for (const AddedToken& added : spec.added) content_ids[spec.tokens[size_t(added.id)]] = added.id;
  for (const auto& token : {spec.begin_token, spec.end_token}) {
    if (token && (*token < 0 || size_t(*token) >= spec.tokens.size() || spec.tokens[size_t(*token)].empty()))
      return Error::invalid(std::string(where),
                            cat("the token put around a text has id ", *token, ", which is no token"));
  }
  return {};
}

Status Tokenizer::State::index_bytes(std::string_view where) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto found = piece_ids.find(std::string(1, char(byte)));
    byte_ids[byte] = found == piece_ids.end() ? -1 : found->second;
    if (byte_ids[byte] < 0 && !never_in_utf8(byte))
      return Error::invalid(std::string(where), cat("the vocabulary has no token for byte ", byte, " (",
                                                    quoted(alphabet_from_bytes(std::string(1, char(byte)))), ")"));
  }
  return {};
}

Status Tokenizer::State::index_merges(std::string_view where) {
  std::vector<MergeRule> rules;
  rules.reserve(spec.merges.size());
  std::unordered_set<uint64_t> seen;
  std::string both;
  for (size_t rank = 0; rank < spec.merges.size(); ++rank) {
    const auto [left, right] = spec.merges[rank];
    const auto invalid = [&](std::string_view message) {
      return Error::invalid(std::string(where), cat("merge ", rank, " ", message));
    };
    for (const int id : {left, right}) {
      if (id < 0 || size_t(id) >= spec.tokens.size() || spec.tokens[size_t(id)].empty())
        return invalid(cat("is of id ", id, ", which is no token"));
    }
    both = spec.tokens[size_t(left)] + spec.tokens[size_t(right)];
    const auto result = piece_ids.find(both);
    if (result == piece_ids.end()) return invalid(cat("gives ", quoted(both), ", which is not in the vocabulary"));
    if (!seen.insert(uint64_t(left) << 32 | uint32_t(right)).second)
      return invalid(cat("of ", left, " and ", right, " is there twice"));
    rules.push_back({left, right, result->second});
  }
  merges = BpeMerges(rules);
  return {};
}

void Tokenizer::State::index_markers() {
  std::vector<MarkerFinder::Marker> raw, normalized;
  for (const AddedToken& added : spec.added) {
    if (added.normalized) {
      normalized.push_back({spec.nfc ? nfc(added.content) : added.content, added.id});
    } else {
      raw.push_back({added.content, added.id});
    }
  }
  raw_markers = MarkerFinder(raw);
  normalized_markers = MarkerFinder(normalized);
}

void Tokenizer::State::encode_piece(std::string_view piece, std::vector<int>& symbols, BpeWorkspace& workspace) const {
  symbols.clear();
  if (spec.ignore_merges) {
    if (const auto whole = piece_ids.find(piece); whole != piece_ids.end()) {
      symbols.push_back(whole->second);
      return;
    }
  }
  for (const char c : piece) {
    const int id = byte_ids[uint8_t(c)];
    if (id >= 0) {
      symbols.push_back(id);
    } else {
      for (const char r : kReplacement) symbols.push_back(byte_ids[uint8_t(r)]);
    }
  }
  merges.apply(symbols, workspace);
}

Result<Tokenizer> Tokenizer::create(TokenizerSpec spec, std::string_view where) {
  if (spec.tokens.size() > kMaxVocab)
    return Error::invalid(std::string(where),
                          cat("has ", spec.tokens.size(), " tokens; at most ", kMaxVocab, " are taken"));
  TRY(place_added_tokens(spec, where));
  auto state = std::make_shared<State>();
  state->spec = std::move(spec);
  TRY(state->index_tokens(where));
  TRY(state->index_bytes(where));
  TRY(state->index_merges(where));
  state->index_markers();
  TRY_ASSIGN(state->pre_tokenizer, PreTokenizer::create(state->spec.patterns, cat(where, ": pre_tokenizer")));
  return Tokenizer(std::move(state));
}

const TokenizerSpec& Tokenizer::spec() const { return state_->spec; }
size_t Tokenizer::vocab_size() const { return state_->spec.tokens.size(); }

std::vector<int> Tokenizer::encode(std::string_view text, bool parse_special) const {
  const State& s = *state_;
  std::vector<int> ids, symbols;
  BpeWorkspace workspace;
  const auto encode_text = [&](std::string_view plain) {
    for (const std::string_view piece : s.pre_tokenizer.split(plain)) {
      s.encode_piece(piece, symbols, workspace);
      ids.insert(ids.end(), symbols.begin(), symbols.end());
    }
  };
  const auto encode_marker = [&](int id) { ids.push_back(id); };
  const auto encode_unmarked = [&](std::string_view plain) {
    const std::string normal = s.spec.nfc ? nfc(plain) : std::string();
    if (s.spec.nfc) plain = normal;
    if (parse_special) {
      s.normalized_markers.cut(plain, encode_text, encode_marker);
    } else {
      encode_text(plain);
    }
  };
  if (parse_special) {
    s.raw_markers.cut(text, encode_unmarked, encode_marker);
  } else {
    encode_unmarked(text);
  }
  return ids;
}

Result<std::string_view> Tokenizer::bytes_of(int id) const {
  if (id < 0 || size_t(id) >= vocab_size())
    return Error::invalid("token id", cat("is ", id, "; expected 0..", vocab_size() - 1));
  const std::string& token = state_->spec.tokens[size_t(id)];
  if (token.empty()) return Error::invalid("token id", cat("is ", id, ", which the tokenizer does not use"));
  return std::string_view(token);
}

Result<std::string> Tokenizer::decode(std::span<const int> ids, bool skip_special) const {
  std::string out;
  for (const int id : ids) {
    TRY_ASSIGN(const std::string_view bytes, bytes_of(id));
    if (!skip_special || !is_special(id)) out += bytes;
  }
  return out;
}

bool Tokenizer::is_special(int id) const { return id >= 0 && size_t(id) < vocab_size() && state_->special[size_t(id)]; }

Result<int> Tokenizer::token_id(std::string_view content) const {
  const auto found = state_->content_ids.find(content);
  if (found == state_->content_ids.end()) return Error::invalid("tokenizer", cat("has no token ", quoted(content)));
  return found->second;
}

Result<std::string> StreamDecoder::push(int id) {
  TRY_ASSIGN(const std::string_view bytes, tokenizer_.bytes_of(id));
  if (skip_special_ && tokenizer_.is_special(id)) return std::string();
  waiting_ += bytes;
  const size_t whole = complete_prefix(waiting_);
  std::string out = replace_invalid_utf8(std::string_view(waiting_).substr(0, whole));
  waiting_.erase(0, whole);
  return out;
}

std::string StreamDecoder::finish() { return replace_invalid_utf8(std::exchange(waiting_, {})); }

}  // namespace r1
