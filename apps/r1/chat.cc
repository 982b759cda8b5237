// r1 chat: a conversation in the terminal. Ctrl-C stops an answer; the end of input ends the chat.
#include <CLI/CLI.hpp>

#include "answer_view.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "command.h"
#include "machine.h"
#include "options.h"
#include "output.h"

namespace r1 {
namespace {

constexpr size_t kMaxQuestion = 1 << 20;

struct Args {
  std::string model;
  AnswerOptions answer;
  MachineOptions machine;
};

Status chat(const Args& args) {
  TRY_ASSIGN(const auto machine, make_machine(args.machine));
  TRY_ASSIGN(TalkingModel talking, open_talking_model(args.model));
  Session session(machine->exec, talking.model, talking.tokenizer, talking.chat);
  AnswerView view;
  const bool asked_by_hand = stdin_is_terminal();
  if (asked_by_hand) log_info("Ctrl-C stops an answer, Ctrl-D ends the chat.");
  for (;;) {
    if (asked_by_hand) print("> ");
    TRY(flush_output());
    TRY_ASSIGN(const std::optional<std::string> question, read_line(kMaxQuestion));
    if (!question) break;
    if (question->empty()) continue;
    clear_interrupt();
    auto answer = session.ask(*question, args.answer, [&](const ThinkSplitter::Piece& piece) { view.show(piece); });
    view.finish();
    if (!answer.ok())
      log_warning(answer.error().text());
    else if (answer->end == AnswerEnd::interrupted)
      log_info("(stopped)");
    else if (answer->end == AnswerEnd::length)
      log_info("(out of tokens)");
    clear_interrupt();
  }
  if (asked_by_hand) print("\n");
  return {};
}

}  // namespace

void add_chat(CLI::App& app, Command& chosen) {
  const auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand("chat", "Talk with a model");
  command->add_option("model", args->model, "A Hugging Face folder or a run folder")->required();
  add_answer_options(*command, args->answer);
  add_machine_options(*command, args->machine);
  command->callback([args, &chosen] { chosen = [args] { return chat(*args); }; });
}

}  // namespace r1
