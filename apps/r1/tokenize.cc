// r1 tokenize: text to token ids, and back.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bundle/bundle.h"
#include "chat/decode.h"
#include "command.h"
#include "output.h"
#include "text/utf8.h"

namespace r1 {
namespace {

constexpr size_t kMaxInput = 64 << 20;

struct Args {
  std::string model, text, ids;
  bool has_text = false, special = false, json = false;
};

Result<std::vector<int>> ids_of(const Args& args, const Tokenizer& tokenizer) {
  if (!args.ids.empty()) {
    TRY_ASSIGN(std::vector<int> ids, parse_ids("--ids", args.ids));
    for (const int id : ids)
      if (size_t(id) >= tokenizer.vocab_size())
        return Error::usage("--ids", cat("has ", id, "; expected 0 to ", tokenizer.vocab_size() - 1));
    return ids;
  }
  std::string text = args.text;
  if (!args.has_text) {
    TRY_ASSIGN(text, read_all(kMaxInput));
  }
  return tokenizer.encode(text, args.special);
}

Status tokenize(const Args& args) {
  if (args.has_text && !args.ids.empty())
    return Error::usage("--ids", "is given beside a text; expected one of the two");
  TRY_ASSIGN(const std::string folder, resolve_model(real_files(), args.model));
  TRY_ASSIGN(const Tokenizer tokenizer, read_tokenizer(real_files(), folder));
  TRY_ASSIGN(const std::vector<int> ids, ids_of(args, tokenizer));
  if (args.json) {
    nlohmann::ordered_json j;
    j["ids"] = ids;
    j["tokens"] = nlohmann::ordered_json::array();
    for (const int id : ids) j["tokens"].push_back(replace_invalid_utf8(text_of_tokens(tokenizer, {&id, 1})));
    j["text"] = replace_invalid_utf8(text_of_tokens(tokenizer, ids));
    print(j.dump() + "\n");
  } else if (!args.ids.empty()) {
    print(text_of_tokens(tokenizer, ids) + "\n");
  } else {
    std::string line;
    for (const int id : ids) line += cat(line.empty() ? "" : ",", id);
    print(line + "\n");
  }
  return {};
}

}  // namespace

void add_tokenize(CLI::App& app, Command& chosen) {
  const auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand("tokenize", "Turn text into token ids, or ids into text");
  command->add_option("model", args->model, "A Hugging Face folder or a run folder")->required();
  const CLI::Option* text = command->add_option("text", args->text, "The text; standard input if left out");
  command->add_option("--ids", args->ids, "Token ids to turn into text, as in 1,2,3");
  command->add_flag("--special", args->special, "Read the text of markers as markers");
  command->add_flag("--json", args->json, "Print one JSON object");
  command->callback([args, text, &chosen] {
    args->has_text = text->count() > 0;
    chosen = [args] { return tokenize(*args); };
  });
}

}  // namespace r1
