#include "text/r1_zero.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace r1 {
namespace {

TEST(R1Zero, PromptHasThePartsOfThePaperInOrder) {
  const std::string p = r1_zero_prompt("What is 2 + 2?");
  const size_t roles = p.find("User and Assistant"), think = p.find("<think>"), answer = p.find("<answer>"),
               user = p.find("User: What is 2 + 2?"), end = p.find(". Assistant:");
  EXPECT_LT(roles, think);
  EXPECT_LT(think, answer);
  EXPECT_LT(answer, user);
  EXPECT_LT(user, end);
  EXPECT_TRUE(p.ends_with("Assistant:"));
}

// A tokenizer of the 256 bytes and two markers.
Tokenizer byte_tokenizer() {
  TokenizerSpec spec;
  spec.tokens = {"", ""};
  for (int b = 0; b < 256; ++b) spec.tokens.push_back(std::string(1, char(b)));
  spec.added = {{0, "<bos>", true}, {1, "<think>", false}};
  return Tokenizer::create(spec, "test").value();
}

TEST(R1Zero, MarkersInTheQuestionStayText) {
  const Tokenizer tokenizer = byte_tokenizer();
  ChatTemplate chat;
  chat.bos = "<bos>";
  const auto plain = encode_question(tokenizer, chat, PromptStyle::r1_zero, "x").value();
  const auto marked = encode_question(tokenizer, chat, PromptStyle::r1_zero, "<think><bos>").value();
  EXPECT_EQ(plain.front(), 0);
  EXPECT_EQ(std::count(plain.begin(), plain.end(), 1), std::count(marked.begin(), marked.end(), 1));
  EXPECT_EQ(std::count(marked.begin(), marked.end(), 0), 1);
  EXPECT_EQ(tokenizer.decode(plain, true).value(), r1_zero_prompt("x"));
}

}  // namespace
}  // namespace r1
