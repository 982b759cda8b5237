#include "machine.h"

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "kernels/targets.h"

namespace r1 {
namespace {

constexpr size_t kMaxThreads = 1024;

Result<const Kernels*> find_kernels(const std::string& name) {
  if (name.empty()) {
    std::string skipped;
    const Kernels* best = &choose_kernels(&skipped);
    if (!skipped.empty()) log_warning(cat("kernels that failed their self-check are not used: ", skipped));
    return best;
  }
  std::string known;
  for (const Kernels* kernels : all_kernels()) {
    if (kernels->name == name) return kernels;
    known += cat(known.empty() ? "" : ", ", kernels->name);
  }
  return Error::usage("--kernels", cat("is \"", name, "\"; this processor has ", known));
}

}  // namespace

void add_machine_options(CLI::App& command, MachineOptions& options) {
  command.add_option("--threads", options.threads, "Threads to compute on")
      ->check(CLI::Range(size_t(1), kMaxThreads))
      ->capture_default_str();
  command.add_option("--kernels", options.kernels)->group("");  // hidden
}

Result<std::unique_ptr<Machine>> make_machine(const MachineOptions& options) {
  TRY_ASSIGN(const Kernels* kernels, find_kernels(options.kernels));
  return std::make_unique<Machine>(*kernels, options.threads);
}

Result<TalkingModel> open_talking_model(const std::string& path) {
  TRY_ASSIGN(ModelBundle bundle, open_bundle(path, {.with_grad = false, .with_mtp = false}));
  return TalkingModel{Model(std::move(bundle.config), std::move(bundle.weights)), std::move(bundle.tokenizer),
                      std::move(bundle.chat)};
}

}  // namespace r1
