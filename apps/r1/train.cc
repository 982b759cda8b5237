// r1 train pretrain|sft|grpo: a training run from a config file.
#include <CLI/CLI.hpp>

#include "base/log.h"
#include "command.h"
#include "machine.h"
#include "recipe/train_command.h"

namespace r1 {
namespace {

struct Args {
  TrainCommand train;
  MachineOptions machine;
};

using Runner = Result<RunEnd> (*)(Exec, Files&, const TrainCommand&);

Status run(const Args& args, Runner runner) {
  TRY_ASSIGN(const auto machine, make_machine(args.machine));
  TRY_ASSIGN(const RunEnd end, runner(machine->exec, real_files(), args.train));
  if (end == RunEnd::interrupted) {
    log_info(cat("stopped; the same command goes on from the checkpoint in ", args.train.folder));
    return Error::interrupted();
  }
  log_info(cat("the model is in ", join_path(args.train.folder, "final")));
  return {};
}

void add_kind(CLI::App& train, const char* name, const char* help, Runner runner, Command& chosen) {
  const auto args = std::make_shared<Args>();
  CLI::App* command = train.add_subcommand(name, help);
  args->train.folder = cat("runs/", name);
  command->add_option("config", args->train.config_path, "A TOML file; docs/training.md lists its keys")->required();
  command->add_option("--out", args->train.folder, "The run's folder; a run that is there is resumed")
      ->capture_default_str();
  command->add_option("--set", args->train.overrides, "KEY=VALUE, over the file's value");
  add_machine_options(*command, args->machine);
  command->callback([args, runner, &chosen] { chosen = [args, runner] { return run(*args, runner); }; });
}

}  // namespace

void add_train(CLI::App& app, Command& chosen) {
  CLI::App* train = app.add_subcommand("train", "Train a model");
  train->require_subcommand(1);
  add_kind(*train, "pretrain", "Next-token training from random weights or a folder", train_sequences, chosen);
  add_kind(*train, "sft", "Supervised fine-tuning on JSONL samples", train_sequences, chosen);
  add_kind(*train, "grpo", "Reinforcement learning on a verifiable task, as R1-Zero", train_grpo, chosen);
}

}  // namespace r1
