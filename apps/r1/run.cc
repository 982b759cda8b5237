// r1 run: one question, one answer.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "answer_view.h"
#include "command.h"
#include "machine.h"
#include "options.h"
#include "output.h"

namespace r1 {
namespace {

struct Args {
  std::string model, prompt;
  AnswerOptions answer;
  MachineOptions machine;
  bool json = false;
};

Status run(const Args& args) {
  TRY_ASSIGN(const auto machine, make_machine(args.machine));
  TRY_ASSIGN(TalkingModel talking, open_talking_model(args.model));
  Session session(machine->exec, talking.model, talking.tokenizer, talking.chat);
  AnswerView view;
  const OnPiece show = [&](const ThinkSplitter::Piece& piece) { view.show(piece); };
  TRY_ASSIGN(const Answer answer, session.ask(args.prompt, args.answer, args.json ? OnPiece() : show));
  view.finish();
  if (answer.end == AnswerEnd::interrupted) return Error::interrupted();
  if (!args.json) return {};
  nlohmann::ordered_json j;
  j["thinking"] = answer.thinking;
  j["answer"] = answer.answer;
  j["prompt_tokens"] = answer.prompt_tokens;
  j["tokens"] = answer.tokens;
  j["end"] = answer_end_name(answer.end);
  print(j.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  return {};
}

}  // namespace

void add_run(CLI::App& app, Command& chosen) {
  const auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand("run", "Ask a model one question");
  command->add_option("model", args->model, "A Hugging Face folder or a run folder")->required();
  command->add_option("prompt", args->prompt, "The question")->required();
  add_answer_options(*command, args->answer);
  command->add_flag("--json", args->json, "Print one JSON object");
  add_machine_options(*command, args->machine);
  command->callback([args, &chosen] { chosen = [args] { return run(*args); }; });
}

}  // namespace r1
