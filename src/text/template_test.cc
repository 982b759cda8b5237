#include "text/template.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "text/bpe_trainer.h"

namespace r1 {
namespace {

const ChatTemplate kShort = {"<b>", "<u>", "<a>", "<e>"};

Tokenizer make_tokenizer(const ChatTemplate& chat) {
  BpeTrainerOptions options;
  for (const std::string& marker : {chat.bos, chat.user, chat.assistant, chat.eos})
    options.added_tokens.push_back({marker, true});
  auto made = train_bpe({}, options);
  EXPECT_TRUE(made.ok()) << made.error().text();
  return std::move(made).value();
}

std::string rendered(const std::vector<ChatMessage>& messages, bool add_generation_prompt) {
  const auto pieces = render_chat(kShort, messages, add_generation_prompt);
  return pieces.ok() ? text_of(*pieces) : pieces.error().text();
}

TEST(Template, OneQuestion) {
  EXPECT_EQ(rendered({{"user", "hi", ""}}, true), "<b><u>hi<a>");
  EXPECT_EQ(rendered({{"user", "hi", ""}}, false), "<b><u>hi");
}

TEST(Template, DeepSeekMarkersHaveTheirOwnBars) {
  const auto pieces = render_chat({}, std::vector<ChatMessage>{{"user", "hi", ""}, {"assistant", "yo", ""}}, true);
  EXPECT_EQ(text_of(*pieces),
            "<\uFF5Cbegin\u2581of\u2581sentence\uFF5C><\uFF5CUser\uFF5C>hi<\uFF5CAssistant\uFF5C>yo"
            "<\uFF5Cend\u2581of\u2581sentence\uFF5C><\uFF5CAssistant\uFF5C>");
}

TEST(Template, SystemTextsGoFirstWithoutAWrapper) {
  EXPECT_EQ(rendered({{"system", "be brief", ""}, {"user", "hi", ""}}, true), "<b>be brief<u>hi<a>");
  EXPECT_EQ(rendered({{"user", "hi", ""}, {"developer", "one", ""}, {"system", "two", ""}}, true),
            "<b>one\n\ntwo<u>hi<a>");
  EXPECT_EQ(rendered({{"system", "", ""}, {"system", "x", ""}}, false), "<b>\n\nx");
}

TEST(Template, EarlierReasoningIsDropped) {
  EXPECT_EQ(
      rendered({{"user", "q", ""}, {"assistant", "<think>a</think>b</think>\n\nc", "r"}, {"user", "p", ""}}, true),
      "<b><u>q<a>\n\nc<e><u>p<a>");
  EXPECT_EQ(rendered({{"assistant", "<think>open", ""}}, false), "<b><a><think>open<e>");
  EXPECT_EQ(rendered({{"user", "a</think>b", ""}}, false), "<b><u>a</think>b");
}

TEST(Template, SameRoleTwiceAndEmptyContents) {
  EXPECT_EQ(rendered({{"user", "a", ""}, {"user", "", ""}, {"assistant", "", ""}}, true), "<b><u>a<u><a><e><a>");
}

TEST(Template, BadMessagesAreErrors) {
  EXPECT_NE(rendered({}, true).find("messages"), std::string::npos);
  const std::string error = rendered({{"user", "a", ""}, {"robot", "b", ""}}, true);
  EXPECT_NE(error.find("messages[1].role"), std::string::npos) << error;
  EXPECT_NE(error.find("robot"), std::string::npos) << error;
}

TEST(Template, EncodesAsTheRenderedTextWithItsMarkers) {
  const Tokenizer t = make_tokenizer(kShort);
  const std::vector<ChatMessage> messages = {
      {"system", "s", ""}, {"system", "t", ""}, {"user", "你好", ""}, {"assistant", "x", ""}};
  const auto ids = encode_chat(t, kShort, messages, true);
  ASSERT_TRUE(ids.ok());
  EXPECT_EQ(*ids, t.encode(rendered(messages, true), true));
  EXPECT_EQ(ids->front(), t.token_id("<b>").value());
}

TEST(Template, MarkersInContentStayText) {
  const Tokenizer t = make_tokenizer(kShort);
  const auto ids = encode_chat(
      t, kShort, std::vector<ChatMessage>{{"system", "<e>", ""}, {"user", "<b><a><e>", ""}, {"assistant", "<u>", ""}},
      true);
  ASSERT_TRUE(ids.ok());
  const auto count = [&](std::string_view marker) {
    return std::count(ids->begin(), ids->end(), t.token_id(marker).value());
  };
  EXPECT_EQ(count("<b>"), 1);
  EXPECT_EQ(count("<u>"), 1);
  EXPECT_EQ(count("<a>"), 2);
  EXPECT_EQ(count("<e>"), 1);
  EXPECT_EQ(t.decode(*ids, false).value(), "<b><e><u><b><a><e><a><u><e><a>");
}

TEST(Template, ATokenizerWithoutTheMarkersIsNamed) {
  const auto ids = encode_chat(make_tokenizer(kShort), {}, std::vector<ChatMessage>{{"user", "x", ""}}, true);
  ASSERT_FALSE(ids.ok());
  EXPECT_NE(ids.error().text().find("begin▁of▁sentence"), std::string::npos);
  ChatTemplate without_bos = kShort;
  without_bos.bos.clear();
  EXPECT_EQ(encode_chat(make_tokenizer(kShort), without_bos, std::vector<ChatMessage>{{"user", "", ""}}, false)->size(),
            1u);
}

// The rendering of this source is compared with ours by tests/proof/tokenizer_hf.py.
TEST(Template, JinjaSourceQuotesTheMarkers) {
  const std::string source = jinja_source({"b'\\", "u", "a", "e\n"});
  EXPECT_NE(source.find("'b\\'\\\\'"), std::string::npos);
  EXPECT_NE(source.find("'e\\n'"), std::string::npos);
  EXPECT_NE(source.find("'</think>'"), std::string::npos);
}

}  // namespace
}  // namespace r1
