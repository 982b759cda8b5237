#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "text/byte_alphabet.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace r1 {
namespace {

using nlohmann::json;

// A small file in the form the `tokenizers` library writes.
json small_file() {
  json vocab = json::object();
  for (int byte = 0; byte < 256; ++byte) vocab[alphabet_from_bytes(std::string(1, char(byte)))] = byte;
  vocab["ab"] = 256;
  vocab["Ġab"] = 257;
  vocab["<｜bos｜>"] = 258;
  const json marker = {{"id", 258},       {"content", "<｜bos｜>"}, {"single_word", false}, {"lstrip", false},
                       {"rstrip", false}, {"normalized", false},    {"special", true}};
  json think = marker;
  think["id"] = 259;
  think["content"] = "<think>";
  think["special"] = false;
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", {marker, think}},
          {"normalizer", nullptr},
          {"pre_tokenizer",
           {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}}},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"vocab", vocab},
            {"merges", {"a b", "Ġ ab"}}}}};
}

std::string error_of(std::string_view text) {
  const auto read = tokenizer_from_json(text, "tokenizer.json");
  return read.ok() ? "no error" : read.error().text();
}

Tokenizer read(const json& file) {
  auto made = tokenizer_from_json(file.dump(), "tokenizer.json");
  EXPECT_TRUE(made.ok()) << made.error().text();
  return std::move(made).value();
}

TEST(TokenizerJson, ReadsTheCommonForm) {
  const Tokenizer t = read(small_file());
  EXPECT_EQ(t.vocab_size(), 260u);
  EXPECT_EQ(t.encode("ab ab<think>b", true), (std::vector<int>{256, 257, 259, 'b'}));
  EXPECT_EQ(t.token_id("<｜bos｜>").value(), 258);
  EXPECT_TRUE(t.is_special(258));
  EXPECT_EQ(t.spec().patterns, std::vector<std::string>{std::string(kGpt2Pattern)});
}

TEST(TokenizerJson, ReadsMergesAsPairsAndNestedSequences) {
  json file = small_file();
  file["model"]["merges"] = json::parse(R"([["a", "b"], ["Ġ", "ab"]])");
  file["model"]["ignore_merges"] = true;
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", json::array({{{"type", "NFC"}}})}};
  file["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers",
       {{{"type", "Split"}, {"pattern", {{"Regex", "\\p{N}{1,3}"}}}, {"behavior", "Isolated"}, {"invert", false}},
        {{"type", "Split"}, {"pattern", {{"String", "-."}}}, {"behavior", "Isolated"}},
        {{"type", "Digits"}, {"individual_digits", true}},
        {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}};
  const json begin = {{"SpecialToken", {{"id", "<｜bos｜>"}, {"type_id", 0}}}},
             text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  file["post_processor"] = {
      {"type", "Sequence"},
      {"processors",
       {{{"type", "ByteLevel"}},
        {{"type", "TemplateProcessing"},
         {"single", {begin, text}},
         {"pair", json::array()},
         {"special_tokens", {{"<｜bos｜>", {{"id", "<｜bos｜>"}, {"ids", {258}}, {"tokens", {"<｜bos｜>"}}}}}}}}}};
  const Tokenizer t = read(file);
  EXPECT_EQ(t.spec().patterns, (std::vector<std::string>{"\\p{N}{1,3}", "\\-\\.", "\\p{N}"}));
  EXPECT_TRUE(t.spec().nfc);
  EXPECT_TRUE(t.spec().ignore_merges);
  EXPECT_EQ(t.spec().begin_token, 258);
  EXPECT_FALSE(t.spec().end_token.has_value());
}

TEST(TokenizerJson, WritingAndReadingGivesTheSameSpec) {
  json file = small_file();
  TokenizerSpec spec = read(file).spec();
  spec.patterns = {"\\p{N}{1,3}", "[\u4E00-\u9FA5]+", std::string(kGpt2Pattern)};
  spec.nfc = spec.ignore_merges = true;
  spec.begin_token = 258;
  spec.end_token = 259;
  for (int variant = 0; variant < 4; ++variant) {
    if (variant == 1) spec.patterns = {std::string(kGpt2Pattern)};
    if (variant == 2) spec.patterns = {};
    if (variant == 3) spec.patterns = {"a\"\\\\b"}, spec.begin_token.reset(), spec.nfc = false;
    const auto made = Tokenizer::create(spec, "test");
    ASSERT_TRUE(made.ok()) << made.error().text();
    const std::string text = tokenizer_to_json(*made);
    const auto back = tokenizer_from_json(text, "tokenizer.json");
    ASSERT_TRUE(back.ok()) << back.error().text();
    const TokenizerSpec& got = back->spec();
    EXPECT_EQ(got.tokens, spec.tokens);
    EXPECT_EQ(got.merges, spec.merges);
    EXPECT_EQ(got.patterns, spec.patterns);
    EXPECT_EQ(got.nfc, spec.nfc);
    EXPECT_EQ(got.ignore_merges, spec.ignore_merges);
    EXPECT_EQ(got.begin_token, spec.begin_token);
    EXPECT_EQ(got.end_token, spec.end_token);
    ASSERT_EQ(got.added.size(), spec.added.size());
    for (size_t i = 0; i < got.added.size(); ++i) {
      EXPECT_EQ(got.added[i].content, spec.added[i].content);
      EXPECT_EQ(got.added[i].in_vocab, spec.added[i].in_vocab);
      EXPECT_EQ(got.added[i].special, spec.added[i].special);
    }
    EXPECT_EQ(tokenizer_to_json(*back), text);
    EXPECT_TRUE(json::parse(text, nullptr, false).is_object());
  }
}

// Each case spoils one place of a good file; the error must name that place.
struct Spoiled {
  const char* pointer;
  json value;
  const char* named;
};

TEST(TokenizerJson, SpoiledFilesAreErrorsThatNameThePlace) {
  const json none = json::array(), text = "text";
  for (const auto& [pointer, value, named] : std::vector<Spoiled>{
           {"/model", nullptr, "model"},
           {"/model", 3, "model"},
           {"/model/type", "Unigram", "Unigram"},
           {"/model/vocab", none, "model.vocab"},
           {"/model/vocab", nullptr, "model.vocab"},
           {"/model/vocab/ab", "256", "ab"},
           {"/model/vocab/ab", 255, "255"},
           {"/model/vocab/ab", -1, "-1"},
           {"/model/vocab/ab", 1e9, "ab"},
           {"/model/vocab/ab", 4000000000u, "4000000000"},
           {"/model/vocab/ab", 1ull << 40, "1099511627776"},
           {"/model/vocab/", 300, "empty token"},
           {"/model/vocab/x y", 300, "x y"},
           {"/model/merges", nullptr, "model.merges"},
           {"/model/merges", text, "model.merges"},
           {"/model/merges/0", "ab", "merges[0]"},
           {"/model/merges/0", "a b c", "merges[0]"},
           {"/model/merges/0", "a zz", "zz"},
           {"/model/merges/0", 7, "merges[0]"},
           {"/model/merges/0", {"a"}, "merges[0]"},
           {"/model/merges/0", {"a", 3}, "merges[0]"},
           {"/model/merges/1", "a b", "merge 1"},
           {"/model/merges/1", "a a", "aa"},
           {"/model/dropout", 0.1, "dropout"},
           {"/model/byte_fallback", true, "byte_fallback"},
           {"/model/end_of_word_suffix", "</w>", "end_of_word_suffix"},
           {"/model/continuing_subword_prefix", "##", "continuing_subword_prefix"},
           {"/model/ignore_merges", "yes", "ignore_merges"},
           {"/added_tokens", text, "added_tokens"},
           {"/added_tokens/0", 1, "added_tokens[0]"},
           {"/added_tokens/0/id", nullptr, "added_tokens[0].id"},
           {"/added_tokens/0/id", 5, "added_tokens[0].id"},
           {"/added_tokens/1/id", -7, "-7"},
           {"/added_tokens/1/id", 2000000000, "2000000000"},
           {"/added_tokens/1/id", 97, "97"},
           {"/added_tokens/1/content", 5, "added_tokens[1].content"},
           {"/added_tokens/1/content", "", "empty"},
           {"/added_tokens/1/content", "<｜bos｜>", "bos"},
           {"/added_tokens/0/lstrip", true, "lstrip"},
           {"/added_tokens/0/special", 1, "special"},
           {"/normalizer", {{"type", "Lowercase"}}, "Lowercase"},
           {"/normalizer", {{"typo", "NFC"}}, "normalizer.type"},
           {"/pre_tokenizer", nullptr, "pre_tokenizer"},
           {"/pre_tokenizer", {{"type", "Metaspace"}}, "Metaspace"},
           {"/pre_tokenizer", {{"type", "Sequence"}}, "pretokenizers"},
           {"/pre_tokenizer/add_prefix_space", true, "add_prefix_space"},
           {"/pre_tokenizer/use_regex", "no", "use_regex"},
           {"/pre_tokenizer", {{"type", "Split"}, {"pattern", {{"Regex", "a"}}}, {"behavior", "Removed"}}, "behavior"},
           {"/pre_tokenizer",
            {{"type", "Split"}, {"pattern", {{"Regex", "a"}}}, {"behavior", "Isolated"}, {"invert", true}},
            "invert"},
           {"/pre_tokenizer", {{"type", "Split"}, {"pattern", "a"}, {"behavior", "Isolated"}}, "pattern"},
           {"/post_processor", {{"type", "BertProcessing"}}, "BertProcessing"},
           {"/post_processor", {{"type", "TemplateProcessing"}, {"single", {3}}}, "single[0]"},
           {"/post_processor", {{"type", "TemplateProcessing"}, {"single", none}}, "single"},
           {"/decoder", nullptr, "decoder"},
           {"/decoder", {{"type", "WordPiece"}}, "WordPiece"},
       }) {
    json file = small_file();
    file[json::json_pointer(pointer)] = value;
    const std::string error = error_of(file.dump());
    EXPECT_TRUE(error.starts_with("tokenizer.json")) << pointer << ": " << error;
    EXPECT_NE(error.find(named), std::string::npos) << pointer << ": " << error;
  }
}

TEST(TokenizerJson, AMissingByteIsNamed) {
  json file = small_file();
  file["model"]["vocab"].erase("z");
  EXPECT_NE(error_of(file.dump()).find("byte 122"), std::string::npos);
}

TEST(TokenizerJson, TruncatedFilesAreErrors) {
  const std::string text = small_file().dump();
  for (size_t n = 0; n < text.size(); n += 97) EXPECT_NE(error_of(text.substr(0, n)), "no error") << n;
}

TEST(TokenizerJson, DeepAndDoubleAndForeignInput) {
  EXPECT_NE(error_of(std::string(1000000, '[')).find("tokenizer.json"), std::string::npos);
  json nested = {{"type", "ByteLevel"}};
  for (int i = 0; i < 50; ++i) nested = {{"type", "Sequence"}, {"pretokenizers", {nested}}};
  json file = small_file();
  file["pre_tokenizer"] = nested;
  EXPECT_NE(error_of(file.dump()).find("deeper"), std::string::npos);
  EXPECT_NE(error_of("{\"model\": {\"vocab\": {\"a\": 1, \"a\": 2}}}").find("twice"), std::string::npos);
  for (const std::string_view text : {"", "null", "[]", "\"x\"", "{}", "\xFF\xFE", "{\"model\":\"\xFF\"}"})
    EXPECT_TRUE(error_of(text).starts_with("tokenizer.json")) << text;
}

}  // namespace
}  // namespace r1
