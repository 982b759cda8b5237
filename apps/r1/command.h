// The subcommands. A file each: add_NAME puts the command's options on the command line; when it is the one typed,
// parsing sets `chosen` to what it does. main() runs that and turns the outcome into the exit code.
#pragma once
#include <functional>

#include "base/result.h"

namespace CLI {
class App;
}

namespace r1 {

// Exit codes: ok 0, an error of kind usage 2, interrupted 130, any other 1. Results go to standard output through
// print() (output.h), everything else to standard error.
using Command = std::function<Status()>;

void add_chat(CLI::App& app, Command& chosen);
void add_eval(CLI::App& app, Command& chosen);
void add_inspect(CLI::App& app, Command& chosen);
void add_logits(CLI::App& app, Command& chosen);
void add_quickstart(CLI::App& app, Command& chosen);
void add_run(CLI::App& app, Command& chosen);
void add_tokenize(CLI::App& app, Command& chosen);
void add_train(CLI::App& app, Command& chosen);

}  // namespace r1
