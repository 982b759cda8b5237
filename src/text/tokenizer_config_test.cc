#include "text/tokenizer_config.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(TokenizerConfig, ReadsBackWhatItWrote) {
  TokenizerConfig config;
  config.bos_token = "<｜begin▁of▁sentence｜>";
  config.eos_token = "<eos>\"\\\n";
  config.pad_token = "<pad>";
  config.add_bos_token = false;
  config.chat_template = "{{ 'a\\n' }}\n";
  config.model_max_length = 176;
  const std::string text = tokenizer_config_to_json(config);
  EXPECT_NE(text.find("\"tokenizer_class\": \"PreTrainedTokenizerFast\""), std::string::npos);
  const auto back = tokenizer_config_from_json(text, "tokenizer_config.json");
  ASSERT_TRUE(back.ok()) << back.error().text();
  EXPECT_EQ(back->bos_token, config.bos_token);
  EXPECT_EQ(back->eos_token, config.eos_token);
  EXPECT_EQ(back->pad_token, config.pad_token);
  EXPECT_EQ(back->add_bos_token, config.add_bos_token);
  EXPECT_FALSE(back->add_eos_token.has_value());
  EXPECT_EQ(back->chat_template, config.chat_template);
  EXPECT_EQ(back->model_max_length, config.model_max_length);
  EXPECT_TRUE(tokenizer_config_from_json(tokenizer_config_to_json({}), "x").ok());
}

TEST(TokenizerConfig, ReadsTheFormsOthersWrite) {
  const auto config = tokenizer_config_from_json(
      R"({"bos_token": {"__type": "AddedToken", "content": "<s>", "lstrip": false}, "eos_token": null, "unk_token": 5,
          "model_max_length": 1000000000000000019884624838656,
          "chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]})",
      "tokenizer_config.json");
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(config->bos_token, "<s>");
  EXPECT_FALSE(config->eos_token.has_value());
  EXPECT_FALSE(config->model_max_length.has_value());
  EXPECT_EQ(config->chat_template, "D");
}

TEST(TokenizerConfig, WrongTypesAreNamed) {
  struct Case {
    std::string_view text, named;
  };
  for (const auto& [text, named] :
       {Case{R"({"bos_token": 5})", "bos_token"}, Case{R"({"eos_token": {"id": 5}})", "eos_token.content"},
        Case{R"({"pad_token": {"content": []}})", "pad_token.content"},
        Case{R"({"add_bos_token": "yes"})", "add_bos_token"}, Case{R"({"chat_template": 3})", "chat_template"},
        Case{R"({"chat_template": [3]})", "chat_template[0]"},
        Case{R"({"chat_template": [{"name": "default"}]})", "chat_template[0]"},
        Case{R"({"model_max_length": -1})", "model_max_length"},
        Case{R"({"model_max_length": "512"})", "model_max_length"}, Case{"[]", "tokenizer_config.json"},
        Case{"{", "tokenizer_config.json"}}) {
    const auto config = tokenizer_config_from_json(text, "tokenizer_config.json");
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_NE(config.error().text().find(named), std::string::npos) << config.error().text();
  }
}

}  // namespace
}  // namespace r1
