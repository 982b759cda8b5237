#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "format/utf8.h"
#include "text/bpe_trainer.h"
#include "text/utf8.h"

namespace r1 {
namespace {

const std::vector<std::string> kTexts = {"wait then check the answer, then wait; it doesn't hold",
                                         "那么 等等 检查 那么 等等"};

Tokenizer trained() {
  BpeTrainerOptions options;
  options.added_tokens = {{"<bos>", true}, {"<think>", false}, {"</think>", false}, {"<｜User｜>", true}};
  auto words = count_pre_tokens(kTexts, options);
  auto made = train_bpe(*words, options);
  EXPECT_TRUE(made.ok()) << made.error().text();
  return std::move(made).value();
}

// 256 bytes by id, and what a test adds.
TokenizerSpec bytes_only() {
  TokenizerSpec spec;
  for (int byte = 0; byte < 256; ++byte) spec.tokens.push_back(std::string(1, char(byte)));
  return spec;
}

std::string error_of(TokenizerSpec spec) {
  const auto made = Tokenizer::create(std::move(spec), "here");
  return made.ok() ? "no error" : made.error().text();
}

void expect_names(const std::string& error, std::string_view part) {
  EXPECT_TRUE(error.starts_with("here: ")) << error;
  EXPECT_NE(error.find(part), std::string::npos) << error;
}

TEST(Tokenizer, AnyBytesRoundTrip) {
  const Tokenizer t = trained();
  Rng rng{3, 0};
  for (int round = 0; round < 500; ++round) {
    std::string bytes;
    for (int64_t n = rng.integer(0, 60); n > 0; --n)
      bytes += rng.chance(0.5) ? std::string(1, char(rng.integer(0, 255)))
                               : std::string(" wait那\xF0\x9F\x98\x80<bos>").substr(0, size_t(rng.integer(1, 16)));
    for (const bool parse_special : {false, true}) {
      const auto back = t.decode(t.encode(bytes, parse_special), false);
      ASSERT_TRUE(back.ok());
      ASSERT_EQ(*back, bytes);
    }
  }
  EXPECT_TRUE(t.encode("", true).empty());
}

TEST(Tokenizer, LearnedWordsAreOneToken) {
  const Tokenizer t = trained();
  for (const std::string_view word : {"wait", " wait", " then", "那么", " 等等", "'t", ";"}) {
    const std::vector<int> ids = t.encode(word, false);
    ASSERT_EQ(ids.size(), 1u) << word;
    EXPECT_EQ(t.token_id(word).value(), ids[0]);
    EXPECT_EQ(t.bytes_of(ids[0]).value(), word);
  }
}

TEST(Tokenizer, MarkersAreTokensOnlyWhenAskedFor) {
  const Tokenizer t = trained();
  const int bos = t.token_id("<bos>").value(), think = t.token_id("<think>").value(),
            user = t.token_id("<｜User｜>").value();
  EXPECT_EQ(t.encode("<bos><｜User｜><think>", true), (std::vector<int>{bos, user, think}));
  for (const int id : t.encode("<bos><｜User｜><think></think>", false)) EXPECT_GT(id, user);
  EXPECT_EQ(t.decode(t.encode("<bos><｜User｜>", false), true).value(), "<bos><｜User｜>");
  EXPECT_EQ(t.decode(std::vector<int>{bos, think, user}, true).value(), "<think>");
  EXPECT_TRUE(t.is_special(bos));
  EXPECT_FALSE(t.is_special(think));
  EXPECT_FALSE(t.is_special(-1));
  EXPECT_FALSE(t.is_special(1 << 20));
}

TEST(Tokenizer, TextBetweenMarkersIsCutThere) {
  const Tokenizer t = trained();
  std::vector<int> want = t.encode("wait ", false);
  want.push_back(t.token_id("<think>").value());
  for (const int id : t.encode("then", false)) want.push_back(id);
  EXPECT_EQ(t.encode("wait <think>then", true), want);
}

TEST(Tokenizer, IdsOutOfRangeAreErrors) {
  const Tokenizer t = trained();
  for (const int id : {-1, int(t.vocab_size()), INT32_MAX, INT32_MIN}) {
    const auto text = t.decode(std::vector<int>{0, id}, false);
    ASSERT_FALSE(text.ok());
    EXPECT_NE(text.error().text().find(cat(id)), std::string::npos);
    EXPECT_FALSE(t.bytes_of(id).ok());
  }
  const auto missing = t.token_id("<nothing>");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().text().find("<nothing>"), std::string::npos);
}

TEST(Tokenizer, AMegabyteOfOneLetter) {
  TokenizerSpec spec = bytes_only();
  int longest = 'a';
  for (int i = 0; i < 4; ++i) {
    spec.merges.push_back({longest, longest});
    longest = int(spec.tokens.size());
    spec.tokens.push_back(std::string(size_t(2) << i, 'a'));
  }
  spec.patterns = {std::string(kGpt2Pattern)};
  const auto t = Tokenizer::create(spec, "here");
  ASSERT_TRUE(t.ok());
  EXPECT_EQ(t->encode(std::string(1 << 20, 'a'), true), std::vector<int>((1 << 20) / 16, longest));
}

TEST(Tokenizer, IgnoreMergesTakesWholePieces) {
  TokenizerSpec spec = bytes_only();
  spec.tokens.push_back("abc");
  EXPECT_EQ(Tokenizer::create(spec, "here")->encode("abc", false).size(), 3u);
  spec.ignore_merges = true;
  EXPECT_EQ(Tokenizer::create(spec, "here")->encode("abc", false), (std::vector<int>{256}));
}

TEST(Tokenizer, NormalisesBetweenTheTwoKindsOfMarkers) {
  TokenizerSpec spec = bytes_only();
  spec.nfc = true;
  spec.added = {{256, "\u00C5", false, true, false}, {257, "e\u0301", false, false, false}};
  const auto t = Tokenizer::create(spec, "here");
  ASSERT_TRUE(t.ok());
  EXPECT_EQ(t->encode("A\u030A", true), (std::vector<int>{256}));
  EXPECT_EQ(t->encode("e\u0301", true), (std::vector<int>{257}));
  EXPECT_EQ(t->decode(t->encode("e\u0301", false), false).value(), "\u00E9");
}

TEST(Tokenizer, ABytesThatUtf8NeverUsesMayLackAToken) {
  TokenizerSpec spec = bytes_only();
  spec.tokens[0xFF].clear();
  const auto t = Tokenizer::create(spec, "here");
  ASSERT_TRUE(t.ok());
  EXPECT_EQ(t->decode(t->encode("a\xFF", false), false).value(), "a\xEF\xBF\xBD");
  EXPECT_FALSE(t->bytes_of(0xFF).ok());
  spec.tokens[0x80].clear();
  expect_names(error_of(spec), "byte 128");
}

TEST(Tokenizer, ContradictionsAreNamed) {
  TokenizerSpec spec = bytes_only();
  spec.tokens.push_back("a");
  expect_names(error_of(spec), "two ids, 97 and 256");

  spec = bytes_only();
  spec.merges = {{'a', 'b'}};
  expect_names(error_of(spec), "\"ab\"");
  spec.merges = {{'a', 999}};
  expect_names(error_of(spec), "999");
  spec.merges = {{-5, 'a'}};
  expect_names(error_of(spec), "-5");
  spec.tokens.push_back("ab");
  spec.merges = {{'a', 'b'}, {'a', 'b'}};
  expect_names(error_of(spec), "merge 1");

  for (const auto& [added, named] :
       std::vector<std::pair<AddedToken, std::string>>{{{256, ""}, "empty"},
                                                       {{-1, "x"}, "-1"},
                                                       {{1 << 30, "x"}, "outside"},
                                                       {{97, "xyz"}, "id 97"},
                                                       {{256, "\xFF\xFF"}, "UTF-8"},
                                                       {{256, std::string(5000, 'x')}, "1024"}}) {
    spec = bytes_only();
    spec.added = {added};
    expect_names(error_of(spec), named);
  }
  spec = bytes_only();
  spec.added = {{256, "xx"}, {257, "xx"}};
  expect_names(error_of(spec), "twice");
  spec.added = {{256, "xx"}, {256, "yy"}};
  expect_names(error_of(spec), "256");
  spec.added = {};
  spec.begin_token = 256;
  expect_names(error_of(spec), "256");
  spec = bytes_only();
  spec.patterns = {"("};
  expect_names(error_of(spec), "pre_tokenizer: pattern 0");
  expect_names(error_of({}), "byte 0");
}

TEST(StreamDecoder, GivesWholeCharactersOnly) {
  const Tokenizer t = trained();
  for (const std::string text : {"a那😀b", "\xE4\xBD", "x\xFF\xE4y", "那\xF0\x9F", ""}) {
    StreamDecoder stream(t, false);
    std::string out;
    for (const char byte : text) {
      const auto piece = stream.push(t.token_id(std::string(1, byte)).value());
      ASSERT_TRUE(piece.ok());
      EXPECT_TRUE(is_utf8(*piece));
      out += *piece;
    }
    out += stream.finish();
    EXPECT_EQ(out, replace_invalid_utf8(text));
    EXPECT_EQ(stream.finish(), "");
  }
}

TEST(StreamDecoder, SkipsSpecialTokensAndRefusesUnknownIds) {
  const Tokenizer t = trained();
  StreamDecoder stream(t, true);
  EXPECT_EQ(stream.push(t.token_id("<bos>").value()).value(), "");
  EXPECT_EQ(stream.push(t.token_id(" wait").value()).value(), " wait");
  EXPECT_FALSE(stream.push(-1).ok());
  EXPECT_EQ(stream.push(t.token_id("</think>").value()).value(), "</think>");
}

}  // namespace
}  // namespace r1
