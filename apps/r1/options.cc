#include "options.h"

#include <CLI/CLI.hpp>
#include <charconv>

namespace r1 {
namespace {

// CLI11 reads "-1" as the largest unsigned number.
std::string check_seed(const std::string& text) {
  uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc() && end == text.data() + text.size()) return "";
  return cat("is \"", text, "\"; expected a whole number from 0 to ", UINT64_MAX);
}

}  // namespace

void add_seed_option(CLI::App& command, uint64_t& seed, const char* help) {
  command.add_option("--seed", seed, help)->check(CLI::Validator(check_seed, "UINT64"))->capture_default_str();
}

void add_answer_options(CLI::App& command, AnswerOptions& options) {
  command.add_option("--temperature", options.temperature, "0: always the likeliest token")->capture_default_str();
  add_seed_option(command, options.seed, "Same seed and questions, same answers");
  command
      .add_option("--max-tokens", options.max_new_tokens,
                  "Longest answer in tokens; by default the rest of the context")
      ->check(CLI::PositiveNumber);
}

}  // namespace r1
