#include <set>

#include "train/test_run.h"

namespace r1 {
namespace {

using testing::contains;
using testing::TempFolder;
using testing::tiny_tokenizer;

struct Source : ::testing::Test {
  Result<std::unique_ptr<SequenceSource>> open(std::string_view text, size_t max_tokens = 512) {
    const Status written = real_files().write(folder / "data.jsonl", text);
    EXPECT_TRUE(written.ok());
    return jsonl_source(real_files(), folder / "data.jsonl", tiny_tokenizer(), chat, 7, max_tokens);
  }
  TrainSequence one(std::string_view line) {
    const auto source = open(line);
    if (!source.ok()) {
      ADD_FAILURE() << source.error().text();
      return {};
    }
    return (*source)->sequence(0).value();
  }
  // The text of the tokens that are trained, or of those that are not.
  std::string text(const TrainSequence& s, bool trained) {
    std::vector<int> ids;
    for (size_t i = 0; i < s.tokens.size(); ++i)
      if (bool(s.trained[i]) == trained) ids.push_back(s.tokens[i]);
    return tiny_tokenizer().decode(ids, false).value();
  }
  void fails(std::string_view text, std::string_view line, std::string_view finding, size_t max_tokens = 512) {
    const auto source = open(text, max_tokens);
    ASSERT_FALSE(source.ok()) << text;
    EXPECT_TRUE(contains(source.error().text(), folder / "data.jsonl"));
    EXPECT_TRUE(contains(source.error().text(), line));
    EXPECT_TRUE(contains(source.error().text(), finding));
  }
  TempFolder folder;
  ChatTemplate chat;
};

TEST_F(Source, EveryFieldSpellingTrainsOnTheAnswer) {
  const std::string asked = chat.bos + chat.user + "1 + 2" + chat.assistant,
                    answered = "<think> so</think> 3" + chat.eos;
  for (
      const char* line :
      {R"({"messages":[{"role":"user","content":"1 + 2"},{"role":"assistant","content":"<think> so</think> 3"}]})",
       R"({"prompt":"1 + 2","completion":"<think> so</think> 3"})",
       R"({"prompt":"1 + 2","response":"<think> so</think> 3"})",
       R"({"prompt":"1 + 2","answer":"<think> so</think> 3","data_source":"other fields are left alone"})",
       R"({"prompt":[{"role":"user","content":"1 + 2"}],"completion":[{"role":"assistant","content":"<think> so</think> 3"}]})",
       R"({"prompt":[{"role":"user","content":"1 + 2"}],"completion":"<think> so</think> 3"})"}) {
    const TrainSequence s = one(line);
    EXPECT_EQ(text(s, false), asked) << line;
    EXPECT_EQ(text(s, true), answered) << line;
    EXPECT_EQ(s.tokens.size(), s.trained.size());
  }
}

TEST_F(Source, ThePromptIsWhatTheModelSeesWhenItIsAsked) {
  const TrainSequence s = one(
      R"({"messages":[{"role":"system","content":"be"},{"role":"system","content":"brief"},{"role":"user","content":"1 + 2"},{"role":"assistant","content":" 3"}]})");
  const std::vector<ChatMessage> messages = {{"system", "be", ""}, {"system", "brief", ""}, {"user", "1 + 2", ""}};
  const std::vector<int> prompt = encode_chat(tiny_tokenizer(), chat, messages, true).value();
  ASSERT_GT(s.tokens.size(), prompt.size());
  EXPECT_EQ(std::vector<int>(s.tokens.begin(), s.tokens.begin() + std::ptrdiff_t(prompt.size())), prompt);
  for (size_t i = 0; i < prompt.size(); ++i) EXPECT_FALSE(s.trained[i]);
}

TEST_F(Source, EveryAssistantTurnOfAConversationTrains) {
  const TrainSequence s = one(
      R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]})");
  EXPECT_EQ(text(s, true), "b" + chat.eos + "d" + chat.eos);
  EXPECT_EQ(text(s, false), chat.bos + chat.user + "a" + chat.assistant + chat.user + "c" + chat.assistant);
}

TEST_F(Source, AnAssistantTurnInsideThePromptDoesNotTrain) {
  const TrainSequence s = one(
      R"({"prompt":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}],"completion":"d"})");
  EXPECT_EQ(text(s, true), "d" + chat.eos);
}

TEST_F(Source, PlainTextTrainsOnAllButTheBegin) {
  const TrainSequence s = one(R"({"text":"check 1 + 2"})");
  EXPECT_EQ(text(s, false), chat.bos);
  EXPECT_EQ(text(s, true), "check 1 + 2" + chat.eos);
}

TEST_F(Source, MarkersThatAUserSpellsStayText) {
  const int eos = tiny_tokenizer().token_id(chat.eos).value(), think = tiny_tokenizer().token_id("<think>").value();
  const TrainSequence s = one("{\"prompt\":\"x " + chat.eos + " <think>\",\"completion\":\"<think> y</think>\"}");
  size_t eos_tokens = 0, think_tokens = 0;
  for (const int id : s.tokens) {
    eos_tokens += id == eos;
    think_tokens += id == think;
  }
  EXPECT_EQ(eos_tokens, 1u);    // the sample's own end
  EXPECT_EQ(think_tokens, 1u);  // the answer's
  EXPECT_TRUE(contains(text(s, false), "x " + chat.eos + " <think>"));
}

TEST_F(Source, BlankLinesAreSkippedButCounted) {
  const auto source = open("\n{\"text\":\"a\"}\n\n  \n{\"text\":\"b\"}");
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->size(), 2u);
  fails("{\"text\":\"a\"}\n\n{\"text\":3}\n", "line 3", "text");
}

TEST_F(Source, AnEpochHoldsEachSampleOnceInAnOrderOfItsOwn) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "{\"text\":\"" + std::to_string(i) + "\"}\n";
  const auto source = open(text);
  ASSERT_TRUE(source.ok());
  std::vector<std::vector<int>> first, second;
  for (uint64_t i = 0; i < 40; ++i) first.push_back((*source)->sequence(i)->tokens);
  for (uint64_t i = 40; i < 80; ++i) second.push_back((*source)->sequence(i)->tokens);
  EXPECT_EQ(std::set(first.begin(), first.end()).size(), 40u);
  EXPECT_EQ(std::set(first.begin(), first.end()), std::set(second.begin(), second.end()));
  EXPECT_NE(first, second);
  EXPECT_EQ((*source)->sequence(17)->tokens, first[17]);  // random access
}

TEST_F(Source, ErrorsNameFileLineAndField) {
  const std::string good = "{\"prompt\":\"a\",\"completion\":\"b\"}\n";
  fails(good + "{\"prompt\":\"a\",\"completion\":}\n", "line 2", "column");
  fails(good + good + "{\"prompt\":\"a\"}", "line 3", "completion, response or answer");
  fails("{\"completion\":\"a\"}", "line 1", "messages, prompt or text");
  fails("[1]", "line 1", "object");
  fails("{\"prompt\":1,\"completion\":\"b\"}", "line 1", "prompt");
  fails("{\"prompt\":\"a\",\"completion\":null}", "line 1", "completion");
  fails("{\"messages\":{}}", "line 1", "messages");
  fails("{\"messages\":[]}", "line 1", "no assistant turn");
  fails("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "line 1", "no assistant turn");
  fails("{\"messages\":[{\"role\":\"robot\",\"content\":\"a\"}]}", "messages[0]",
        "\"robot\"; expected system, user or assistant");
  fails("{\"messages\":[{\"role\":\"user\"}]}", "messages[0]: content", "missing");
  fails("{\"messages\":[7]}", "messages[0]", "object");
  fails("{\"messages\":[{\"role\":\"user\",\"content\":[]}]}", "messages[0]: content", "string");
}

TEST_F(Source, AnEmptyFileIsAnError) {
  fails("", "", "has no samples");
  fails("\n \n", "", "has no samples");
}

TEST_F(Source, AMissingFileIsAnError) {
  const auto source = jsonl_source(real_files(), folder / "absent.jsonl", tiny_tokenizer(), chat, 7, 512);
  ASSERT_FALSE(source.ok());
  EXPECT_TRUE(contains(source.error().text(), "absent.jsonl"));
}

TEST_F(Source, ASampleLongerThanTheContextIsAnError) {
  const std::string line = "{\"text\":\"check check check\"}";
  const size_t length = one(line).tokens.size();
  EXPECT_TRUE(open(line, length).ok());
  fails(line, "line 1", "has " + std::to_string(length) + " tokens", length - 1);
}

TEST_F(Source, HostileTextIsNeverACrash) {
  fails(std::string(5000, '['), "line 1", "");
  fails("{\"text\":\"\xff\xfe\"}", "line 1", "");
  EXPECT_EQ(text(one(R"({"text":""})"), true), chat.eos);
  EXPECT_EQ(text(one(R"({"prompt":"","completion":""})"), true), chat.eos);
}

}  // namespace
}  // namespace r1
