#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bundle/bundle.h"

namespace r1 {
namespace {

bool has_weights(Files& files, const std::string& folder) {
  return files.exists(join_path(folder, "model.safetensors")) ||
         files.exists(join_path(folder, "model.safetensors.index.json"));
}

bool is_complete(Files& files, const std::string& folder) {
  return files.exists(join_path(folder, "config.json")) && has_weights(files, folder);
}

std::optional<uint64_t> step_of(std::string_view name) {
  constexpr std::string_view kPrefix = "step-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  uint64_t step = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), step);
  if (code != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return step;
}

// The complete checkpoint with the largest step, or "".
Result<std::string> newest_checkpoint(Files& files, const std::string& folder) {
  std::string best;
  if (!files.is_directory(folder)) return best;
  TRY_ASSIGN(const auto names, files.list(folder));
  std::optional<uint64_t> best_step;
  for (const std::string& name : names) {
    const auto step = step_of(name);
    const std::string checkpoint = join_path(folder, name);
    if (!step || (best_step && *step <= *best_step) || !is_complete(files, checkpoint)) continue;
    best_step = step;
    best = checkpoint;
  }
  return best;
}

}  // namespace

Result<std::string> resolve_model(Files& files, const std::string& path) {
  if (!files.exists(path)) return Error::io(path, "does not exist; expected a model's folder");
  if (!files.is_directory(path)) {
    if (path.ends_with(".gguf"))
      return Error::invalid(path, "is a GGUF file, which cannot be opened yet; expected a Hugging Face folder");
    return Error::invalid(path, "is a file; expected a Hugging Face folder or a run folder");
  }
  if (files.exists(join_path(path, "config.json"))) return path;
  const std::string final_folder = join_path(path, "final");
  if (is_complete(files, final_folder)) return final_folder;
  TRY_ASSIGN(const std::string checkpoint, newest_checkpoint(files, join_path(path, "checkpoints")));
  if (!checkpoint.empty()) return checkpoint;
  return Error::invalid(path,
                        "holds no model; looked for config.json, for final/ and for checkpoints/step-N/ with "
                        "config.json and model.safetensors");
}

}  // namespace r1
