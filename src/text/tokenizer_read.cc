// tokenizer.json in. Each component has a "type"; what is not known is refused by name, for a tokenizer that is nearly
// right gives wrong answers in silence.
#include <cctype>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "format/json_parse.h"
#include "text/byte_alphabet.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace r1 {
namespace {

using nlohmann::json;

constexpr int64_t kMaxId = (1 << 22) - 1;

// A member that is there and not null.
const json* member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<const json*> required(const json& object, const char* key, std::string_view where) {
  const json* found = member(object, key);
  if (found == nullptr) return Error::invalid(cat(where, ".", key), "is missing");
  return found;
}

template <class T>
Result<T> optional_member(const json& object, const char* key, T otherwise, std::string_view where) {
  const json* found = member(object, key);
  return found == nullptr ? Result<T>(otherwise) : json_as<T>(*found, cat(where, ".", key));
}

Result<std::string> type_of(const json& component, std::string_view where) {
  TRY(expect_json_object(component, where));
  TRY_ASSIGN(const json* type, required(component, "type", where));
  return json_as<std::string>(*type, cat(where, ".type"));
}

Error unsupported(std::string_view where, std::string_view field, const json& found, std::string_view expected) {
  return Error::invalid(cat(where, ".", field), cat("is ", describe_json(found), "; only ", expected, " is supported"));
}

// Refuses `field` unless it is absent, null or `only`.
Status only_value(const json& object, const char* field, const json& only, std::string_view where) {
  const json* found = member(object, field);
  if (found != nullptr && *found != only) return unsupported(where, field, *found, describe_json(only));
  return {};
}

// Calls read(component, where) for `component`, or for each inside it if it is a Sequence (whose list is named
// `items`).
template <class Read>
Status for_each_component(const json* component, const char* items, const std::string& where, const Read& read,
                          int depth = 0) {
  if (component == nullptr) return {};
  TRY_ASSIGN(const std::string type, type_of(*component, where));
  if (type != "Sequence") return read(*component, type, where);
  if (depth == 8) return Error::invalid(where, "has Sequences inside each other deeper than 8 levels");
  TRY_ASSIGN(const json* list, required(*component, items, where));
  TRY(expect_json_array(*list, cat(where, ".", items)));
  for (size_t i = 0; i < list->size(); ++i) {
    TRY(for_each_component(&(*list)[i], items, cat(where, ".", items, "[", i, "]"), read, depth + 1));
  }
  return {};
}

Error unknown_component(std::string_view where, const std::string& type, std::string_view known) {
  return Error::invalid(cat(where, ".type"), cat("is \"", type, "\", which is not supported; known: ", known));
}

Status read_normalizer(const json& root, const std::string& where, TokenizerSpec& spec) {
  return for_each_component(member(root, "normalizer"), "normalizers", cat(where, ": normalizer"),
                            [&](const json&, const std::string& type, const std::string& at) -> Status {
                              if (type != "NFC") return unknown_component(at, type, "NFC");
                              spec.nfc = true;
                              return {};
                            });
}

// The text as a pattern that matches just it.
std::string literal_pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool mark = static_cast<unsigned char>(c) < 0x80 && std::ispunct(static_cast<unsigned char>(c));
    if (mark) out += '\\';
    out += c;
  }
  return out;
}

Status read_split(const json& component, const std::string& where, TokenizerSpec& spec) {
  TRY_ASSIGN(const json* behavior, required(component, "behavior", where));
  if (*behavior != "Isolated") return unsupported(where, "behavior", *behavior, "\"Isolated\"");
  TRY(only_value(component, "invert", false, where));
  TRY_ASSIGN(const json* pattern, required(component, "pattern", where));
  TRY(expect_json_object(*pattern, cat(where, ".pattern")));
  if (const json* regex = member(*pattern, "Regex")) {
    TRY_ASSIGN(std::string source, json_as<std::string>(*regex, cat(where, ".pattern.Regex")));
    spec.patterns.push_back(std::move(source));
    return {};
  }
  TRY_ASSIGN(const json* text, required(*pattern, "String", cat(where, ".pattern")));
  TRY_ASSIGN(const std::string literal, json_as<std::string>(*text, cat(where, ".pattern.String")));
  spec.patterns.push_back(literal_pattern(literal));
  return {};
}

Status read_pre_tokenizer(const json& root, const std::string& where, TokenizerSpec& spec) {
  bool byte_level = false;
  const std::string at_root = cat(where, ": pre_tokenizer");
  TRY(for_each_component(member(root, "pre_tokenizer"), "pretokenizers", at_root,
                         [&](const json& component, const std::string& type, const std::string& at) -> Status {
                           if (byte_level) return Error::invalid(at, "follows ByteLevel, which must come last");
                           if (type == "Split") return read_split(component, at, spec);
                           if (type == "Digits") {
                             TRY_ASSIGN(const bool single, optional_member(component, "individual_digits", false, at));
                             spec.patterns.push_back(single ? "\\p{N}" : "\\p{N}+");
                             return {};
                           }
                           if (type != "ByteLevel")
                             return unknown_component(at, type, "Split, Digits, ByteLevel, Sequence");
                           byte_level = true;
                           TRY(only_value(component, "add_prefix_space", false, at));
                           TRY_ASSIGN(const bool use_regex, optional_member(component, "use_regex", true, at));
                           if (use_regex) spec.patterns.emplace_back(kGpt2Pattern);
                           return {};
                         }));
  if (!byte_level) return Error::invalid(at_root, "has no ByteLevel; only byte-level BPE is supported");
  return {};
}

Status read_decoder(const json& root, const std::string& where) {
  bool byte_level = false;
  const std::string at_root = cat(where, ": decoder");
  TRY(for_each_component(member(root, "decoder"), "decoders", at_root,
                         [&](const json&, const std::string& type, const std::string& at) -> Status {
                           if (type != "ByteLevel") return unknown_component(at, type, "ByteLevel, Sequence");
                           byte_level = true;
                           return {};
                         }));
  if (!byte_level) return Error::invalid(at_root, "is missing; expected ByteLevel");
  return {};
}

// One element of a template: the sequence A, or a special token, whose id the template lists itself.
Status read_template_item(const json& item, const json& tokens, const std::string& where, bool& seen_text,
                          TokenizerSpec& spec) {
  TRY(expect_json_object(item, where));
  if (member(item, "Sequence") != nullptr) {
    if (seen_text) return Error::invalid(where, "is a second sequence; expected one");
    seen_text = true;
    return {};
  }
  TRY_ASSIGN(const json* special, required(item, "SpecialToken", where));
  TRY(expect_json_object(*special, where));
  TRY_ASSIGN(const json* id, required(*special, "id", where));
  TRY_ASSIGN(const std::string name, json_as<std::string>(*id, cat(where, ".id")));
  const auto entry = tokens.find(name);
  if (entry == tokens.end() || !entry->is_object())
    return Error::invalid(cat(where, ".id"), cat("is ", describe_json(*id), ", which is not among special_tokens"));
  TRY_ASSIGN(const json* ids, required(*entry, "ids", where));
  TRY_ASSIGN(const auto values, json_as<std::vector<int>>(*ids, cat(where, ": ids of ", describe_json(*id))));
  std::optional<int>& slot = seen_text ? spec.end_token : spec.begin_token;
  if (values.size() != 1 || slot)
    return Error::invalid(where, "puts more than one token on one side of the text; one is supported");
  slot = values[0];
  return {};
}

Status read_post_processor(const json& root, const std::string& where, TokenizerSpec& spec) {
  const auto read = [&](const json& component, const std::string& type, const std::string& at) -> Status {
    if (type == "ByteLevel") return {};  // it only moves offsets
    if (type != "TemplateProcessing") return unknown_component(at, type, "ByteLevel, TemplateProcessing, Sequence");
    if (spec.begin_token || spec.end_token) return Error::invalid(at, "is a second template; expected one");
    TRY_ASSIGN(const json* single, required(component, "single", at));
    TRY(expect_json_array(*single, cat(at, ".single")));
    const json* listed = member(component, "special_tokens");
    const json tokens = listed != nullptr ? *listed : json::object();
    TRY(expect_json_object(tokens, cat(at, ".special_tokens")));
    bool seen_text = false;
    for (size_t i = 0; i < single->size(); ++i)
      TRY(read_template_item((*single)[i], tokens, cat(at, ".single[", i, "]"), seen_text, spec));
    if (!seen_text) return Error::invalid(cat(at, ".single"), "has no Sequence");
    return {};
  };
  return for_each_component(member(root, "post_processor"), "processors", cat(where, ": post_processor"), read);
}

Status read_added_tokens(const json& root, const json& vocab, const std::string& where, TokenizerSpec& spec) {
  const json* list = member(root, "added_tokens");
  if (list == nullptr) return {};
  TRY(expect_json_array(*list, cat(where, ": added_tokens")));
  for (size_t i = 0; i < list->size(); ++i) {
    const json& item = (*list)[i];
    const std::string at = cat(where, ": added_tokens[", i, "]");
    TRY(expect_json_object(item, at));
    for (const char* flag : {"lstrip", "rstrip", "single_word"}) TRY(only_value(item, flag, false, at));
    AddedToken added;
    TRY_ASSIGN(const json* id, required(item, "id", at));
    TRY_ASSIGN(added.id, json_as<int>(*id, cat(at, ".id")));
    TRY_ASSIGN(const json* content, required(item, "content", at));
    TRY_ASSIGN(added.content, json_as<std::string>(*content, cat(at, ".content")));
    TRY_ASSIGN(added.special, optional_member(item, "special", false, at));
    TRY_ASSIGN(added.normalized, optional_member(item, "normalized", !added.special, at));
    const auto listed = vocab.find(added.content);
    added.in_vocab = listed != vocab.end();
    if (added.in_vocab && *listed != added.id)
      return Error::invalid(cat(at, ".id"), cat("is ", added.id, ", but the vocabulary gives ", describe_json(*content),
                                                " the id ", describe_json(*listed)));
    spec.added.push_back(std::move(added));
  }
  return {};
}

// REQUIRES: spec.added is filled.
Status read_vocab(const json& vocab, const std::string& where, TokenizerSpec& spec) {
  std::unordered_map<std::string_view, int> added;
  for (const AddedToken& token : spec.added) added.emplace(token.content, token.id);
  std::vector<bool> taken;
  for (const auto& [text, value] : vocab.items()) {
    const std::string at = cat(where, "[", describe_json(text), "]");
    TRY_ASSIGN(const int64_t id, json_as<int64_t>(value, at));
    if (id < 0 || id > kMaxId) return Error::invalid(at, cat("is ", id, "; expected an id in 0..", kMaxId));
    if (size_t(id) >= taken.size()) {
      taken.resize(size_t(id) + 1);
      spec.tokens.resize(size_t(id) + 1);
    }
    if (taken[size_t(id)]) return Error::invalid(at, cat("is ", id, ", an id that another token has"));
    taken[size_t(id)] = true;
    if (text.empty()) return Error::invalid(at, "is an empty token");
    if (added.contains(text)) continue;
    std::optional<std::string> bytes = bytes_from_alphabet(text);
    if (!bytes) return Error::invalid(at, "has characters outside the byte-level alphabet and is not an added token");
    spec.tokens[size_t(id)] = std::move(*bytes);
  }
  return {};
}

// REQUIRES: read_vocab has found all of the vocabulary's ids in range.
Status read_merges(const json& merges, const json& vocab, const std::string& where, TokenizerSpec& spec) {
  TRY(expect_json_array(merges, where));
  const auto id_of = [&](std::string_view text, const std::string& at) -> Result<int> {
    const auto found = vocab.find(text);
    if (found == vocab.end())
      return Error::invalid(at, cat("has ", describe_json(text), ", which is not in the vocabulary"));
    return found->get<int>();
  };
  spec.merges.reserve(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    const json& merge = merges[i];
    const std::string at = cat(where, "[", i, "]");
    std::string left, right;
    if (merge.is_string()) {  // "left right"; neither can hold a space, which the alphabet writes otherwise
      const std::string& both = merge.get_ref<const std::string&>();
      const size_t space = both.find(' ');
      if (space == both.npos || both.find(' ', space + 1) != both.npos)
        return Error::invalid(at, cat("is ", describe_json(merge), "; expected two tokens with one space between"));
      left = both.substr(0, space);
      right = both.substr(space + 1);
    } else {
      TRY_ASSIGN(auto pair, json_as<std::vector<std::string>>(merge, at));
      if (pair.size() != 2) return Error::invalid(at, cat("has ", pair.size(), " tokens; expected 2"));
      left = std::move(pair[0]);
      right = std::move(pair[1]);
    }
    MergePair ids;
    TRY_ASSIGN(ids.left, id_of(left, at));
    TRY_ASSIGN(ids.right, id_of(right, at));
    spec.merges.push_back(ids);
  }
  return {};
}

}  // namespace

Result<Tokenizer> tokenizer_from_json(std::string_view text, std::string_view where) {
  const std::string file(where);
  TRY_ASSIGN(const json root, parse_json(text, file, {.refuse_duplicate_keys = true}));
  TRY(expect_json_object(root, file));
  TRY_ASSIGN(const json* model, required(root, "model", cat(file, ": root")));
  const std::string at = cat(file, ": model");
  TRY(expect_json_object(*model, at));
  TRY(only_value(*model, "type", "BPE", at));
  TRY(only_value(*model, "continuing_subword_prefix", "", at));
  TRY(only_value(*model, "end_of_word_suffix", "", at));
  TRY(only_value(*model, "byte_fallback", false, at));
  if (const json* dropout = member(*model, "dropout"); dropout != nullptr && *dropout != 0.0)
    return unsupported(at, "dropout", *dropout, "null");

  TRY_ASSIGN(const json* vocab, required(*model, "vocab", at));
  TRY(expect_json_object(*vocab, cat(at, ".vocab")));
  TRY_ASSIGN(const json* merges, required(*model, "merges", at));
  TokenizerSpec spec;
  TRY_ASSIGN(spec.ignore_merges, optional_member(*model, "ignore_merges", false, at));
  TRY(read_added_tokens(root, *vocab, file, spec));
  TRY(read_vocab(*vocab, cat(at, ".vocab"), spec));
  TRY(read_merges(*merges, *vocab, cat(at, ".merges"), spec));
  TRY(read_normalizer(root, file, spec));
  TRY(read_pre_tokenizer(root, file, spec));
  TRY(read_post_processor(root, file, spec));
  TRY(read_decoder(root, file));
  return Tokenizer::create(std::move(spec), file);
}

}  // namespace r1
