// r1 quickstart: the paper's R1-Zero, small, in minutes.
#include <CLI/CLI.hpp>

#include "answer_view.h"
#include "base/log.h"
#include "command.h"
#include "format/toml_config.h"
#include "machine.h"
#include "output.h"
#include "recipe/quickstart.h"
#include "recipe/terminal.h"

namespace r1 {
namespace {

struct Args {
  std::string folder = "runs/quickstart";
  std::string recipe;
  std::vector<std::string> overrides;
  MachineOptions machine;
};

// A held-out problem that R1-Zero got right with a second look where the base did not, if there is one.
const SideBySide* showcase(const QuickstartReport& report) {
  const SideBySide* best = nullptr;
  for (const SideBySide& e : report.examples)
    if (e.zero_correct && (best == nullptr || (!e.base_correct && best->base_correct))) best = &e;
  return best;
}

void show_end(const QuickstartReport& report, const std::string& folder) {
  print(cat("\n", summary_table(report), "\n"));
  if (const SideBySide* e = showcase(report)) {
    print(cat("A held-out problem: ", e->question, "   (right answer: ", e->reference, ")\n"));
    ThinkSplitter splitter;
    AnswerView view;
    for (const auto& piece : splitter.feed(e->zero_text)) view.show(piece);
    for (const auto& piece : splitter.finish()) view.show(piece);
    view.finish();
  }
  print(cat("\nlargest difference between sampled and trained log-probs: ", report.on_policy_max_abs_logprob_diff, "\n",
            "report: ", join_path(folder, "report.html"), "   figures: ", join_path(folder, "summary.json"),
            "\n\nNext:\n", "  r1 run ", join_path(folder, "r1-zero"), " \"compute 7 + 8 * 2 - 9\"\n", "  r1 chat ",
            join_path(folder, "r1-zero"), "\n", "  r1 eval ", join_path(folder, "r1-zero"),
            " --task quickstart --samples 16 --limit 100\n"));
}

Status run(const Args& args) {
  QuickstartConfig config;
  std::string text(quickstart_recipe()), where = "quickstart recipe";
  if (!args.recipe.empty()) {
    TRY_ASSIGN(text, real_files().read(args.recipe, 16 << 20));
    where = args.recipe;
  }
  TRY(read_config(text, where, args.overrides, config));
  TRY_ASSIGN(const auto machine, make_machine(args.machine));
  TRY_ASSIGN(const QuickstartEnd end, run_quickstart(machine->exec, real_files(), args.folder, config));
  if (end.end == RunEnd::interrupted) {
    log_info(cat("stopped; the same command goes on from the checkpoint in ", args.folder));
    return Error::interrupted();
  }
  show_end(end.report, args.folder);
  return {};
}

}  // namespace

void add_quickstart(CLI::App& app, Command& chosen) {
  const auto args = std::make_shared<Args>();
  CLI::App* command =
      app.add_subcommand("quickstart", "Pretrain a tiny model and turn it into a reasoner by R1-Zero's method");
  command->add_option("--out", args->folder, "Where the runs go; what is there is resumed")->capture_default_str();
  command->add_option("--recipe", args->recipe, "A TOML file instead of the built-in recipe");
  command->add_option("--set", args->overrides, "KEY=VALUE, over the recipe's value (seed=2, grpo.steps=40)");
  add_machine_options(*command, args->machine);
  command->callback([args, &chosen] { chosen = [args] { return run(*args); }; });
}

}  // namespace r1
