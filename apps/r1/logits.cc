// r1 logits: the model's raw output for given tokens.
#include <CLI/CLI.hpp>
#include <cmath>

#include "command.h"
#include "machine.h"
#include "output.h"
#include "tensor/linear.h"
#include "tensor/shape_ops.h"

namespace r1 {
namespace {

constexpr size_t kRowsAtOnce = 32;  // a batch's logits are never held whole

struct Args {
  std::string model, tokens;
  MachineOptions machine;
};

Status check_tokens(const std::vector<int>& tokens, const ModelConfig& config) {
  for (const int id : tokens)
    if (size_t(id) >= config.vocab_size)
      return Error::usage("--tokens", cat("has ", id, "; expected 0 to ", config.vocab_size - 1));
  if (tokens.size() > config.max_position_embeddings)
    return Error::usage("--tokens",
                        cat("has ", tokens.size(), " ids; the model's context is ", config.max_position_embeddings));
  return {};
}

// Shortest text that reads back as the same float; JSON has no infinities.
void append_row(std::string& out, std::span<const float> row) {
  out += '[';
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += ',';
    if (std::isfinite(row[i]))
      cat_append(out, row[i]);
    else
      out += "null";
  }
  out += ']';
}

Status logits(const Args& args) {
  TRY_ASSIGN(const std::vector<int> tokens, parse_ids("--tokens", args.tokens));
  TRY_ASSIGN(const auto machine, make_machine(args.machine));
  TRY_ASSIGN(const std::string folder, resolve_model(real_files(), args.model));
  TRY_ASSIGN(ModelConfig config, read_config(real_files(), folder));
  TRY(check_tokens(tokens, config));
  TRY_ASSIGN(Weights weights, read_weights(folder, config, {.with_grad = false, .with_mtp = false}));
  Model model(std::move(config), std::move(weights));

  BufferPool buffers;
  Graph g(machine->exec, buffers, false);
  const Piece piece{0, tokens.size(), nullptr};
  const Tensor hidden = forward(g, model, {tokens, {&piece, 1}}, nullptr);
  print(cat("{\"vocab_size\":", model.config.vocab_size, ",\"logits\":["));
  for (size_t begin = 0; begin < tokens.size(); begin += kRowsAtOnce) {
    std::vector<size_t> rows;
    for (size_t r = begin; r < std::min(tokens.size(), begin + kRowsAtOnce); ++r) rows.push_back(r);
    const Tensor block = linear(g, pick_rows(g, hidden, rows), model.head());
    for (size_t r = 0; r < rows.size(); ++r) {
      std::string text = begin + r > 0 ? "," : "";
      append_row(text, {block.row(r), block.cols()});
      print(text);
    }
  }
  print("]}\n");
  return {};
}

}  // namespace

void add_logits(CLI::App& app, Command& chosen) {
  const auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand("logits", "Print the logits after each of the given tokens, as JSON");
  command->add_option("model", args->model, "A Hugging Face folder or a run folder")->required();
  command->add_option("--tokens", args->tokens, "Token ids, as in 1,2,3")->required();
  add_machine_options(*command, args->machine);
  command->callback([args, &chosen] { chosen = [args] { return logits(*args); }; });
}

}  // namespace r1
