#include "bundle/bundle.h"

#include <bit>
#include <fstream>

#include "bundle/test_bundle.h"

namespace r1 {
namespace {

using testing::contains;
using testing::ModelFolder;
using testing::save;
using testing::small_bundle;

std::vector<std::string> names_in(const std::string& folder) { return real_files().list(folder).value(); }
std::string slurp(const std::string& path) { return real_files().read(path).value(); }
void spill(const std::string& path, std::string_view text) { ASSERT_TRUE(real_files().write(path, text).ok()); }

void replace_in(const std::string& path, std::string_view from, std::string_view to) {
  std::string text = slurp(path);
  const size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << path << " has no " << from;
  spill(path, text.replace(at, from.size(), to));
}

std::string error_of(const std::string& path, const LoadOptions& options = {}) {
  const auto opened = open_bundle(path, options);
  return opened.ok() ? "no error" : opened.error().text();
}

void expect_equal_weights(ModelBundle& a, ModelBundle& b, bool with_mtp) {
  for (const TensorSpec& s : tensor_list(a.config)) {
    if (s.mtp && !with_mtp) continue;
    std::vector<float> x(s.elements()), y(s.elements());
    read_tensor(a.weights, a.config, s, Part::value, x.data());
    read_tensor(b.weights, b.config, s, Part::value, y.data());
    size_t different = 0;
    for (size_t i = 0; i < x.size(); ++i) different += std::bit_cast<uint32_t>(x[i]) != std::bit_cast<uint32_t>(y[i]);
    EXPECT_EQ(different, 0u) << s.name;
  }
}

class Families : public ::testing::TestWithParam<const char*> {};

TEST_P(Families, OpenGivesBackWhatWasSaved) {
  ModelFolder folder;
  ModelBundle saved = small_bundle(GetParam());
  ASSERT_TRUE(save(saved, folder / "made/here").ok());
  auto opened = open_bundle(folder / "made/here", {});
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  expect_equal_weights(saved, *opened, true);
  EXPECT_EQ(opened->chat.bos, saved.chat.bos);
  EXPECT_EQ(opened->chat.eos, saved.chat.eos);
  EXPECT_EQ(tokenizer_to_json(opened->tokenizer), tokenizer_to_json(saved.tokenizer));
  EXPECT_EQ(opened->config.family, saved.config.family);
  EXPECT_EQ(opened->config.max_position_embeddings, saved.config.max_position_embeddings);
  EXPECT_EQ(opened->config.num_nextn_predict_layers, saved.config.num_nextn_predict_layers);

  ModelFolder again;  // and what was read is written with the same bytes
  ASSERT_TRUE(save(*opened, again.path).ok());
  for (const std::string& name : names_in(again.path))
    EXPECT_EQ(slurp(again / name), slurp(folder / "made/here/" + name)) << name;
}

INSTANTIATE_TEST_SUITE_P(Bundle, Families, ::testing::Values("tiny-v3", "tiny-llama", "tiny-qwen2"));

TEST(Bundle, WritesWhatOtherProgramsLookFor) {
  ModelFolder folder;
  ModelBundle saved = small_bundle("tiny-v3");
  ASSERT_TRUE(save(saved, folder.path).ok());
  EXPECT_EQ(names_in(folder.path),
            (std::vector<std::string>{"config.json", "generation_config.json", "model.safetensors",
                                      "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"}));
  EXPECT_TRUE(contains(slurp(folder / "config.json"), "\"eos_token_id\": 1"));
  EXPECT_TRUE(contains(slurp(folder / "generation_config.json"), "\"temperature\": 0.6"));
  EXPECT_TRUE(contains(slurp(folder / "tokenizer_config.json"), "\"chat_template\""));
}

TEST(Bundle, EmptyIdsOfTheConfigAreTheTemplates) {
  ModelFolder folder;
  ModelBundle saved = small_bundle("tiny-llama");
  saved.config.eos_token_ids = {7};
  saved.config.bos_token_id = saved.config.pad_token_id = -1;
  ASSERT_TRUE(save(saved, folder.path).ok());
  auto opened = open_bundle(folder.path, {});
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  EXPECT_EQ(opened->config.bos_token_id, 0);
  EXPECT_EQ(opened->config.pad_token_id, 1);
  EXPECT_EQ(opened->config.eos_token_ids, std::vector<int64_t>{7});
  EXPECT_EQ(stop_tokens(opened->config, opened->tokenizer, opened->chat), (std::vector<int>{7, 1}));
}

TEST(Bundle, MtpIsLeftOutByChoice) {
  ModelFolder folder;
  ModelBundle saved = small_bundle("tiny-v3");
  ASSERT_TRUE(save(saved, folder.path).ok());
  auto opened = open_bundle(folder.path, {.with_grad = false, .with_mtp = false});
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  EXPECT_TRUE(opened->weights.mtp.empty());
  expect_equal_weights(saved, *opened, false);
}

TEST(Bundle, TruncatedWeightsAreNamed) {
  ModelFolder folder;
  ModelBundle saved = small_bundle("tiny-llama");
  ASSERT_TRUE(save(saved, folder.path).ok());
  const std::string path = folder / "model.safetensors", whole = slurp(path);
  for (const size_t keep : {size_t(0), size_t(7), size_t(8), size_t(100), whole.size() / 2, whole.size() - 1}) {
    spill(path, whole.substr(0, keep));
    EXPECT_TRUE(contains(error_of(folder.path), "model.safetensors")) << keep;
  }
}

TEST(Bundle, WeightsOfAnotherArchitecture) {
  ModelFolder llama, v3;
  ModelBundle a = small_bundle("tiny-llama"), b = small_bundle("tiny-v3");
  ASSERT_TRUE(save(a, llama.path).ok() && save(b, v3.path).ok());
  spill(v3 / "model.safetensors", slurp(llama / "model.safetensors"));
  const std::string message = error_of(v3.path);
  EXPECT_TRUE(contains(message, v3.path));
  EXPECT_TRUE(contains(message, "is missing"));
  EXPECT_TRUE(contains(error_of(v3.path), "kv_a"));
}

TEST(Bundle, VocabularySmallerThanTheTokenizers) {
  ModelFolder folder;
  ModelBundle saved = small_bundle("tiny-llama");
  ASSERT_TRUE(save(saved, folder.path).ok());
  replace_in(folder / "config.json", "\"vocab_size\": 264", "\"vocab_size\": 200");
  const std::string message = error_of(folder.path);
  EXPECT_TRUE(contains(message, "config.json: vocab_size: is 200"));
  EXPECT_TRUE(contains(message, "264"));
}

TEST(Bundle, TokenizerWithoutTheMarkers) {
  ModelFolder folder;
  ModelBundle saved = small_bundle("tiny-llama"), other = small_bundle("tiny-llama");
  ASSERT_TRUE(save(saved, folder.path).ok());
  ChatTemplate plain = saved.chat;
  plain.user = "<user>";
  spill(folder / "tokenizer.json", tokenizer_to_json(testing::byte_tokenizer(plain)));
  const std::string message = error_of(folder.path);
  EXPECT_TRUE(contains(message, "tokenizer.json"));
  EXPECT_TRUE(contains(message, saved.chat.user));
}

TEST(Bundle, AnotherChatTemplate) {
  ModelFolder folder;
  ModelBundle saved = small_bundle("tiny-llama");
  ASSERT_TRUE(save(saved, folder.path).ok());
  replace_in(folder / "tokenizer_config.json", "{% for message in messages %}", "{% for message in messages[1:] %}");
  EXPECT_TRUE(contains(error_of(folder.path), "tokenizer_config.json: chat_template"));
  spill(folder / "tokenizer_config.json", R"({"bos_token": "x"})");
  EXPECT_TRUE(contains(error_of(folder.path), "tokenizer_config.json: eos_token: is missing"));
}

TEST(Bundle, MissingAndBrokenFilesAreNamed) {
  ModelBundle saved = small_bundle("tiny-llama");
  for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"}) {
    ModelFolder folder;
    ASSERT_TRUE(save(saved, folder.path).ok());
    spill(folder / name, "{\"a\": [");
    EXPECT_TRUE(contains(error_of(folder.path), name));
    ASSERT_TRUE(real_files().remove_all(folder / name).ok());
    EXPECT_TRUE(contains(error_of(folder.path), name));
    ASSERT_TRUE(real_files().make_directories(folder / name).ok());
    EXPECT_TRUE(contains(error_of(folder.path), name));
  }
}

TEST(Bundle, SavingWithoutTheMarkersWritesNothing) {
  ModelFolder folder;
  ModelBundle saved = small_bundle("tiny-llama");
  saved.chat.eos = "<|end|>";
  const Status status = save(saved, folder / "new");
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(contains(status.error().text(), "<|end|>"));
  EXPECT_FALSE(real_files().exists(folder / "new"));
}

// A disk that is full after some writes: what was there before stays whole.
TEST(Bundle, FailedSaveLeavesNoHalfFile) {
  ModelFolder folder;
  ModelBundle saved = small_bundle("tiny-llama");
  ASSERT_TRUE(real_files().make_directories(folder / "m").ok());
  ASSERT_TRUE(real_files().make_directories(folder / "m/tokenizer.json").ok());  // cannot be replaced by a file
  ASSERT_TRUE(real_files().write(folder / "m/tokenizer.json/x", "").ok());
  const Status status = save(saved, folder / "m");
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(contains(status.error().text(), "tokenizer.json"));
  EXPECT_FALSE(real_files().exists(folder / "m/config.json"));
  for (const std::string& name : names_in(folder / "m")) EXPECT_FALSE(name.find(".tmp") != std::string::npos) << name;
}

}  // namespace
}  // namespace r1
