// tokenizer.json out: composed as text, so that the vocabulary stands in the order of its ids.
#include <algorithm>

#include "format/json_write.h"
#include "text/byte_alphabet.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace r1 {
namespace {

constexpr std::string_view kByteLevel =
    R"({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": )";

std::string byte_level(bool use_regex) { return cat(kByteLevel, use_regex, "}"); }

std::string added_tokens(const TokenizerSpec& spec) {
  std::vector<const AddedToken*> by_id;
  for (const AddedToken& added : spec.added) by_id.push_back(&added);
  std::sort(by_id.begin(), by_id.end(), [](auto a, auto b) { return a->id < b->id; });
  std::string out = "[";
  for (const AddedToken* added : by_id) {
    out +=
        cat(out.size() > 1 ? ",\n    " : "\n    ", R"({"id": )", added->id, R"(, "content": )",
            json_quote(added->content), R"(, "single_word": false, "lstrip": false, "rstrip": false, "normalized": )",
            added->normalized, R"(, "special": )", added->special, "}");
  }
  return out + (out.size() > 1 ? "\n  ]" : "]");
}

std::string pre_tokenizer(const TokenizerSpec& spec) {
  const bool gpt2_last = !spec.patterns.empty() && spec.patterns.back() == kGpt2Pattern;
  const size_t splits = spec.patterns.size() - (gpt2_last ? 1 : 0);
  if (splits == 0) return byte_level(gpt2_last);
  std::string out = R"({"type": "Sequence", "pretokenizers": [)";
  for (size_t i = 0; i < splits; ++i) {
    out += cat("\n    ", R"({"type": "Split", "pattern": {"Regex": )", json_quote(spec.patterns[i]),
               R"(}, "behavior": "Isolated", "invert": false},)");
  }
  return cat(out, "\n    ", byte_level(gpt2_last), "\n  ]}");
}

std::string post_processor(const TokenizerSpec& spec) {
  if (!spec.begin_token && !spec.end_token) return "null";
  std::string listed;
  const auto text = [](std::string_view name, int type) {
    return cat(R"({"Sequence": {"id": ")", name, R"(", "type_id": )", type, "}}");
  };
  const auto special = [&](int id, int type) {
    return cat(R"({"SpecialToken": {"id": )", json_quote(spec.tokens[size_t(id)]), R"(, "type_id": )", type, "}}");
  };
  const auto around = [&](const std::string& middle, int type) {
    return cat(spec.begin_token ? special(*spec.begin_token, type) + ", " : "", middle,
               spec.end_token ? ", " + special(*spec.end_token, type) : "");
  };
  std::vector<int> ids;
  if (spec.begin_token) ids.push_back(*spec.begin_token);
  if (spec.end_token && spec.end_token != spec.begin_token) ids.push_back(*spec.end_token);
  for (const int id : ids) {
    const std::string token = json_quote(spec.tokens[size_t(id)]);
    listed += cat(listed.empty() ? "" : ", ", token, R"(: {"id": )", token, R"(, "ids": [)", id, R"(], "tokens": [)",
                  token, "]}");
  }
  return cat(R"({"type": "TemplateProcessing", "single": [)", around(text("A", 0), 0), R"(], "pair": [)",
             around(text("A", 0), 0), ", ", around(text("B", 1), 1), R"(], "special_tokens": {)", listed, "}}");
}

struct VocabWriter {
  const TokenizerSpec& spec;
  std::vector<const AddedToken*> added_by_id;

  explicit VocabWriter(const TokenizerSpec& s) : spec(s), added_by_id(s.tokens.size()) {
    for (const AddedToken& added : spec.added) added_by_id[size_t(added.id)] = &added;
  }
  // As it stands in the vocabulary.
  std::string name(int id) const {
    const AddedToken* added = added_by_id[size_t(id)];
    return json_quote(added != nullptr ? added->content : alphabet_from_bytes(spec.tokens[size_t(id)]));
  }
  void append_vocab(std::string& out) const {
    bool first = true;
    for (size_t id = 0; id < spec.tokens.size(); ++id) {
      const AddedToken* added = added_by_id[id];
      if (spec.tokens[id].empty() || (added != nullptr && !added->in_vocab)) continue;
      out += cat(first ? "\n      " : ",\n      ", name(int(id)), ": ", id);
      first = false;
    }
  }
  void append_merges(std::string& out) const {
    bool first = true;
    for (const MergePair& merge : spec.merges) {
      out += cat(first ? "\n      [" : ",\n      [", name(merge.left), ", ", name(merge.right), "]");
      first = false;
    }
  }
};

}  // namespace

std::string tokenizer_to_json(const Tokenizer& tokenizer) {
  const TokenizerSpec& spec = tokenizer.spec();
  std::string out =
      cat("{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n  \"added_tokens\": ",
          added_tokens(spec), ",\n  \"normalizer\": ", spec.nfc ? R"({"type": "NFC"})" : "null",
          ",\n  \"pre_tokenizer\": ", pre_tokenizer(spec), ",\n  \"post_processor\": ", post_processor(spec),
          ",\n  \"decoder\": ", byte_level(true), ",\n");
  out += cat(R"(  "model": {
    "type": "BPE",
    "dropout": null,
    "unk_token": null,
    "continuing_subword_prefix": null,
    "end_of_word_suffix": null,
    "fuse_unk": false,
    "byte_fallback": false,
    "ignore_merges": )",
             spec.ignore_merges, ",\n    \"vocab\": {");
  const VocabWriter vocab(spec);
  vocab.append_vocab(out);
  out += "\n    },\n    \"merges\": [";
  vocab.append_merges(out);
  return out + "\n    ]\n  }\n}\n";
}

}  // namespace r1
