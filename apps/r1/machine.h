// What a command computes on: threads and kernels, as the command line chose them.
#pragma once
#include <memory>
#include <string>

#include "base/result.h"
#include "base/thread_pool.h"
#include "bundle/bundle.h"
#include "model/forward.h"
#include "tensor/exec.h"

namespace CLI {
class App;
}

namespace r1 {

struct MachineOptions {
  size_t threads = hardware_threads();
  std::string kernels;  // a table's name; empty: the best that passes its self-check
};

// --threads, and --kernels for tests.
void add_machine_options(CLI::App& command, MachineOptions& options);

struct Machine {
  ThreadPool pool;
  Exec exec;
  Machine(const Kernels& kernels, size_t threads) : pool(threads), exec{kernels, pool} {}
};
// Warns if a table failed its self-check.
Result<std::unique_ptr<Machine>> make_machine(const MachineOptions& options);

// A MODEL ready to talk.
struct TalkingModel {
  Model model;
  Tokenizer tokenizer;
  ChatTemplate chat;
};
Result<TalkingModel> open_talking_model(const std::string& path);

}  // namespace r1
