#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iostream>
#include <new>

#include "base/edit_distance.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "command.h"
#include "output.h"

namespace r1 {
namespace {

constexpr int kFailed = 1, kWrongUsage = 2, kInterrupted = 130;
constexpr std::array kCommands = {add_quickstart, add_run,     add_chat,   add_train,
                                  add_eval,       add_inspect, add_logits, add_tokenize};

std::string unknown_command(const CLI::App& app, std::string_view word) {
  constexpr size_t kLongest = 64;  // of a word that is shown whole
  std::string nearest, known;
  size_t least = std::max<size_t>(2, word.size() / 2) + 1;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string& name = command->get_name();
    if (name == word) return "";
    known += cat(known.empty() ? "" : ", ", name);
    if (const size_t distance = word.size() > kLongest ? least : edit_distance(word, name); distance < least) {
      least = distance;
      nearest = name;
    }
  }
  const std::string hint = nearest.empty() ? cat("; expected one of ", known) : cat("; did you mean ", nearest, "?");
  return cat("unknown command \"", word.substr(0, kLongest), "\"", hint);
}

int report(const Error& error) {
  log_info(cat("r1: ", error.text()));
  if (error.kind == ErrorKind::usage) return kWrongUsage;
  return error.kind == ErrorKind::interrupted ? kInterrupted : kFailed;
}

int run_command(const Command& command) {
  Status status = command();
  Status written = flush_output();
  if (!status.ok()) return report(status.error());
  return written.ok() ? 0 : report(written.error());
}

int main_of(int argc, char** argv) {
  CLI::App app("Trains reasoning models by DeepSeek-R1's method, and runs them.", "r1");
  app.set_version_flag("--version", "r1 " R1_VERSION);
  app.require_subcommand(1);
  Command chosen;
  for (const auto add : kCommands) add(app, chosen);
  if (argc < 2) {
    log_info(app.help());
    return kWrongUsage;
  }
  const std::string_view first = argv[1];
  if (const std::string problem = unknown_command(app, first); !first.starts_with("-") && !problem.empty())
    return report(Error::usage("", problem));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == int(CLI::ExitCodes::Success)) {  // --help, --version
      app.exit(e);
      const Status written = flush_output();
      return written.ok() ? 0 : report(written.error());
    }
    return report(Error::usage("", e.what()));
  }
  return run_command(chosen);
}

}  // namespace
}  // namespace r1

int main(int argc, char** argv) {
  r1::install_interrupt_handler();
  try {
    return r1::main_of(argc, argv);
  } catch (const std::bad_alloc&) {
    r1::log_info("r1: out of memory");
    return r1::kFailed;
  }
}
