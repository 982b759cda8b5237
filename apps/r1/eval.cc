// r1 eval: how often a model is right on a task's held-out problems.
#include <CLI/CLI.hpp>

#include "base/log.h"
#include "command.h"
#include "eval/evaluate.h"
#include "machine.h"
#include "options.h"
#include "output.h"

namespace r1 {
namespace {

constexpr uint64_t kProblemSeed = 0;  // the list of problems is the same whatever --seed draws

struct Args {
  std::string model, task = "quickstart";
  std::string verifier = "exact";
  TaskSetOptions tasks;
  EvalOptions options;
  MachineOptions machine;
  size_t limit = 100;
  bool json = false;
};

Status eval(Args args) {
  auto verifier = parse_verifier(args.verifier);
  if (!verifier.ok()) return Error::usage("--verifier", verifier.error().message);
  args.tasks.jsonl.verifier = *verifier;
  TRY_ASSIGN(const auto tasks, open_task_set(args.task, args.tasks));
  for (const std::string& note : tasks->notes()) log_info(note);
  const std::vector<Problem> problems = tasks->heldout(args.limit, kProblemSeed);
  TRY_ASSIGN(const auto machine, make_machine(args.machine));
  TRY_ASSIGN(TalkingModel talking, open_talking_model(args.model));
  log_info(cat(args.task, ": ", problems.size(), " held-out problems, ", args.options.samples, " samples of each"));

  Progress progress("eval");
  const auto show = [&](size_t done, size_t total) {
    progress.update(double(done) / double(total), cat(done, " of ", total, " samples"));
  };
  TRY_ASSIGN(const EvalReport report, evaluate(machine->exec, talking.model, talking.tokenizer, talking.chat, *tasks,
                                               problems, args.options, show));
  progress.finish("done");
  print(args.json ? report_to_json(report) + "\n" : report_table(report));
  return {};
}

}  // namespace

void add_eval(CLI::App& app, Command& chosen) {
  const auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand("eval", "Measure a model on held-out problems");
  command->add_option("model", args->model, "A Hugging Face folder or a run folder")->required();
  std::string names;
  for (const std::string_view name : task_set_names()) names += cat(name, ", ");
  command->add_option("--task", args->task, cat(names, "or a JSONL file, of which a tenth is held out"))
      ->capture_default_str();
  command->add_option("--heldout", args->tasks.heldout_path,
                      "For a JSONL task: a file whose problems are all held out instead");
  command->add_option("--verifier", args->verifier, "For a JSONL task: exact, number, set or countdown")
      ->capture_default_str();
  command->add_option("--samples", args->options.samples, "Samples of each problem")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--limit", args->limit, "Problems")->check(CLI::Range(1, 1 << 24))->capture_default_str();
  command->add_option("--temperature", args->options.temperature, "0: always the likeliest token")
      ->capture_default_str();
  command
      ->add_option("--max-tokens", args->options.max_new_tokens, "Longest answer; by default the rest of the context")
      ->check(CLI::PositiveNumber);
  add_seed_option(*command, args->options.seed, "Same seed, same figures");
  command->add_option("--ban", args->options.banned_words, "Words never drawn, alone or after a space");
  command->add_flag("--json", args->json, "Print one JSON object");
  add_machine_options(*command, args->machine);
  command->callback([args, &chosen] { chosen = [args] { return eval(*args); }; });
}

}  // namespace r1
