#include "base/rng.h"
#include "format/json_parse.h"
#include "format/jsonl.h"
#include "tasks/shuffle.h"
#include "train/data.h"

namespace r1 {
namespace {

using nlohmann::json;

// Builds a sequence turn by turn, as the chat template lays it out.
class TurnWriter {
 public:
  TurnWriter(const Tokenizer& tokenizer, const ChatTemplate& chat) : tokenizer_(tokenizer), chat_(chat) {}

  // system: all system texts of the sample, joined.
  Status begin(const std::string& system) {
    TRY(marker(chat_.bos, false));
    text(system, false, false);
    return {};
  }
  // role: user or assistant. A user's text is text, whatever markers it spells, as a system's is; what the model is to
  // write may use them.
  Status add(std::string_view role, const std::string& content, bool trained) {
    if (role == "user") {
      TRY(marker(chat_.user, false));
      text(content, false, false);
      return {};
    }
    TRY(marker(chat_.assistant, false));
    text(content, true, trained);
    return marker(chat_.eos, trained);
  }
  Status plain(const std::string& content) {
    text(content, true, true);
    return marker(chat_.eos, true);
  }
  TrainSequence take() { return std::move(sequence_); }

 private:
  Status marker(const std::string& content, bool trained) {
    if (content.empty()) return {};
    TRY_ASSIGN(const int id, tokenizer_.token_id(content));
    sequence_.tokens.push_back(id);
    sequence_.trained.push_back(trained);
    return {};
  }
  void text(const std::string& content, bool parse_special, bool trained) {
    for (int id : tokenizer_.encode(content, parse_special)) {
      sequence_.tokens.push_back(id);
      sequence_.trained.push_back(trained);
    }
  }

  const Tokenizer& tokenizer_;
  const ChatTemplate& chat_;
  TrainSequence sequence_;
};

struct Turn {
  std::string role, content;
};

Result<std::vector<Turn>> read_messages(const json& list, const std::string& where) {
  TRY(expect_json_array(list, where));
  std::vector<Turn> turns;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string at = cat(where, "[", i, "]");
    TRY(expect_json_object(list[i], at));
    for (const char* key : {"role", "content"})
      if (!list[i].contains(key)) return Error::invalid(cat(at, ": ", key), "is missing");
    Turn t;
    TRY_ASSIGN(t.role, json_as<std::string>(list[i]["role"], cat(at, ": role")));
    TRY_ASSIGN(t.content, json_as<std::string>(list[i]["content"], cat(at, ": content")));
    if (t.role == "developer") t.role = "system";
    if (t.role != "system" && t.role != "user" && t.role != "assistant")
      return Error::invalid(cat(at, ": role"), cat("is \"", t.role, "\"; expected system, user or assistant"));
    turns.push_back(std::move(t));
  }
  return turns;
}

// A prompt or completion field: plain text, or messages.
Result<std::vector<Turn>> read_side(const json& value, const char* role, const std::string& where) {
  if (value.is_array()) return read_messages(value, where);
  TRY_ASSIGN(std::string text, json_as<std::string>(value, where));
  return std::vector<Turn>{{role, std::move(text)}};
}

Result<TrainSequence> read_line(const json& j, const std::string& where, const Tokenizer& tokenizer,
                                const ChatTemplate& chat) {
  TRY(expect_json_object(j, where));
  TurnWriter writer(tokenizer, chat);
  if (j.contains("text")) {
    TRY(writer.begin(""));
    TRY_ASSIGN(const std::string text, json_as<std::string>(j["text"], cat(where, ": text")));
    TRY(writer.plain(text));
    return writer.take();
  }
  std::vector<Turn> prompt, completion;
  if (j.contains("messages")) {
    TRY_ASSIGN(completion, read_messages(j["messages"], cat(where, ": messages")));
  } else {
    if (!j.contains("prompt")) return Error::invalid(where, "has none of messages, prompt or text");
    const char* name = j.contains("completion") ? "completion" : j.contains("response") ? "response" : "answer";
    if (!j.contains(name)) return Error::invalid(where, "has a prompt, but none of completion, response or answer");
    TRY_ASSIGN(prompt, read_side(j["prompt"], "user", cat(where, ": prompt")));
    TRY_ASSIGN(completion, read_side(j[name], "assistant", cat(where, ": ", name)));
  }
  // As text/template.h: system texts stand first, joined by a blank line.
  std::string system;
  for (const std::vector<Turn>* side : {&prompt, &completion})
    for (const Turn& t : *side)
      if (t.role == "system") system += cat(system.empty() ? "" : "\n\n", t.content);
  TRY(writer.begin(system));
  for (const Turn& t : prompt)
    if (t.role != "system") TRY(writer.add(t.role, t.content, false));
  bool trains = false;
  for (const Turn& t : completion) {
    if (t.role == "system") continue;
    TRY(writer.add(t.role, t.content, t.role == "assistant"));
    trains |= t.role == "assistant";
  }
  if (!trains) return Error::invalid(where, "has no assistant turn to train on");
  return writer.take();
}

class JsonlSource final : public SequenceSource {
 public:
  JsonlSource(std::vector<TrainSequence> items, uint64_t seed) : items_(std::move(items)), seed_(seed) {}
  uint64_t size() const override { return items_.size(); }
  Result<TrainSequence> sequence(uint64_t index) const override {
    const uint64_t epoch = index / items_.size();
    return items_[shuffled(index % items_.size(), items_.size(), seed_, hash64("sft order", epoch))];
  }

 private:
  std::vector<TrainSequence> items_;
  uint64_t seed_;
};

}  // namespace

Result<std::unique_ptr<SequenceSource>> jsonl_source(Files& files, const std::string& path, const Tokenizer& tokenizer,
                                                     const ChatTemplate& chat, uint64_t seed, size_t max_tokens) {
  TRY_ASSIGN(const std::string text, files.read(path));
  JsonLines lines(text, path);
  std::vector<TrainSequence> items;
  for (;;) {
    TRY_ASSIGN(const auto line, lines.next());
    if (!line) break;
    const std::string where = lines.where(*line);
    TRY_ASSIGN(const json j, parse_json(line->text, where));
    TRY_ASSIGN(TrainSequence s, read_line(j, where, tokenizer, chat));
    if (s.tokens.size() > max_tokens)
      return Error::invalid(
          where, cat("has ", s.tokens.size(), " tokens; expected at most max_position_embeddings ", max_tokens));
    items.push_back(std::move(s));
  }
  if (items.empty()) return Error::invalid(path, "has no samples");
  return std::unique_ptr<SequenceSource>(std::make_unique<JsonlSource>(std::move(items), seed));
}

}  // namespace r1
