#include "train/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "bundle/hf_weights.h"
#include "format/json_parse.h"

namespace r1 {
namespace {

constexpr size_t kKept = 2;

std::optional<int64_t> step_of(std::string_view name) {
  constexpr std::string_view kPrefix = "step-";
  if (!name.starts_with(kPrefix)) return {};
  int64_t step = 0;
  const auto end = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), step);
  if (end.ec != std::errc() || end.ptr != name.data() + name.size() || step < 0) return {};
  return step;
}

std::vector<int64_t> saved_steps(Files& files, const std::string& folder) {
  std::vector<int64_t> steps;
  if (const auto names = files.list(folder); names.ok())
    for (const std::string& name : *names)
      if (const auto step = step_of(name)) steps.push_back(*step);
  std::sort(steps.begin(), steps.end());
  return steps;
}

std::span<const std::byte> bytes_of(const FloatBuffer& b) { return std::as_bytes(b.span()); }

// Moments in the packed layout, which is the same on every target.
Status save_optimizer(Files& files, const std::string& path, Optimizer& optimizer) {
  std::vector<OutTensor> tensors;
  for (size_t i = 0; i < optimizer.params().size(); ++i) {
    const auto& state = optimizer.states()[i];
    tensors.push_back({optimizer.params()[i]->name + ".m", DType::f32, {state.m.size()}, bytes_of(state.m)});
    if (!state.v.empty())
      tensors.push_back({optimizer.params()[i]->name + ".v", DType::f32, {state.v.size()}, bytes_of(state.v)});
  }
  return write_safetensors(files, path, tensors, {{"steps_done", cat(optimizer.steps_done)}});
}

Status fill(const Safetensors& file, const std::string& name, const std::string& path, FloatBuffer& into) {
  if (into.empty()) return {};
  const TensorInfo* t = file.find(name);
  if (t == nullptr) return Error::corrupt(path, cat(name, " is missing"));
  if (t->dtype != DType::f32 || t->elements() != into.size())
    return Error::corrupt(path, cat(name, " has ", t->elements(), " elements; expected ", into.size(), " of F32"));
  std::memcpy(into.data(), t->data.data(), into.size() * sizeof(float));
  return {};
}

Status load_optimizer(const std::string& path, Optimizer& optimizer) {
  TRY_ASSIGN(const Safetensors file, Safetensors::open_file(path));
  for (size_t i = 0; i < optimizer.params().size(); ++i) {
    TRY(fill(file, optimizer.params()[i]->name + ".m", path, optimizer.states()[i].m));
    TRY(fill(file, optimizer.params()[i]->name + ".v", path, optimizer.states()[i].v));
  }
  const auto it = file.metadata().find("steps_done");
  const std::string text = it == file.metadata().end() ? "" : it->second;
  int64_t steps = -1;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), steps);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || steps < 0)
    return Error::corrupt(path, cat("metadata steps_done is \"", text, "\"; expected a number of at least 0"));
  optimizer.steps_done = steps;
  return {};
}

std::string state_json(const Progression& at) {
  nlohmann::ordered_json j;
  j["step"] = at.step;
  j["data_index"] = at.data_index;
  j["best"] = at.best;
  j["metrics_bytes"] = at.log.metrics;
  j["samples_bytes"] = at.log.samples;
  return j.dump(2) + "\n";
}

Result<Progression> read_state(Files& files, const std::string& path) {
  TRY_ASSIGN(const std::string text, files.read(path, 1 << 20));
  TRY_ASSIGN(const nlohmann::json j, parse_json(text, path));
  TRY(expect_json_object(j, path));
  Progression at;
  for (const char* key : {"step", "data_index", "best", "metrics_bytes", "samples_bytes"})
    if (!j.contains(key)) return Error::corrupt(cat(path, ": ", key), "is missing");
  TRY_ASSIGN(at.step, json_as<int64_t>(j["step"], cat(path, ": step")));
  TRY_ASSIGN(at.data_index, json_as<uint64_t>(j["data_index"], cat(path, ": data_index")));
  TRY_ASSIGN(at.best, json_as<double>(j["best"], cat(path, ": best")));
  TRY_ASSIGN(at.log.metrics, json_as<uint64_t>(j["metrics_bytes"], cat(path, ": metrics_bytes")));
  TRY_ASSIGN(at.log.samples, json_as<uint64_t>(j["samples_bytes"], cat(path, ": samples_bytes")));
  return at;
}

// Values from `from` into the memory of `into`: the optimizer points at it.
void copy_values(const ModelConfig& config, Weights& from, Weights& into) {
  const std::vector<Param*> source = all_params(config, from), target = all_params(config, into);
  CHECK(source.size() == target.size());
  for (size_t i = 0; i < source.size(); ++i)
    std::copy_n(source[i]->value.data(), source[i]->value.size(), target[i]->value.data());
}

Status load_values(const std::string& path, const ModelConfig& config, Weights& into) {
  TRY_ASSIGN(const Safetensors file, Safetensors::open_file(path));
  LoadOptions options;
  options.with_mtp = !into.mtp.empty();
  TRY_ASSIGN(Weights loaded, load_weights(file, config, options, path));
  copy_values(config, loaded, into);
  return {};
}

}  // namespace

Status save_checkpoint(Files& files, const std::string& run_folder, const TrainedModel& trained, Optimizer& optimizer,
                       Weights* reference, const Progression& at) {
  const std::string folder = join_path(run_folder, "checkpoints"), path = join_path(folder, cat("step-", at.step)),
                    making = join_path(folder, "writing"), replaced = join_path(folder, "replaced");
  const auto write_all = [&]() -> Status {
    TRY(files.remove_all(making));
    TRY(files.remove_all(replaced));
    TRY(files.make_directories(making));
    TRY(save_bundle(files, making, trained.model.config, trained.model.weights, trained.tokenizer, trained.chat));
    TRY(save_optimizer(files, join_path(making, "optimizer.safetensors"), optimizer));
    if (reference != nullptr)
      TRY(save_weights(files, join_path(making, "reference.safetensors"), trained.model.config, *reference));
    TRY(files.write(join_path(making, "state.json"), state_json(at)));
    if (files.exists(path)) TRY(files.rename(path, replaced));  // removed in place it could be left by halves
    TRY(files.rename(making, path));
    return files.remove_all(replaced);
  };
  if (const Status status = write_all(); !status.ok()) {
    (void)files.remove_all(making);  // give the space back; the last good checkpoint stays
    return status.error().within("saving a checkpoint");
  }
  const std::vector<int64_t> steps = saved_steps(files, folder);
  for (size_t i = 0; i + kKept < steps.size(); ++i) TRY(files.remove_all(join_path(folder, cat("step-", steps[i]))));
  return {};
}

Result<std::optional<Progression>> load_checkpoint(Files& files, const std::string& run_folder, Model& model,
                                                   Optimizer& optimizer, Weights* reference) {
  const std::string folder = join_path(run_folder, "checkpoints");
  const std::vector<int64_t> steps = saved_steps(files, folder);
  if (steps.empty()) return std::optional<Progression>();
  const std::string path = join_path(folder, cat("step-", steps.back()));
  const std::string state_path = join_path(path, "state.json");
  TRY_ASSIGN(const Progression at, read_state(files, state_path));
  if (at.step != steps.back())
    return Error::corrupt(cat(state_path, ": step"), cat("is ", at.step, "; expected the folder's ", steps.back()));
  TRY(load_values(join_path(path, "model.safetensors"), model.config, model.weights));
  if (reference != nullptr) TRY(load_values(join_path(path, "reference.safetensors"), model.config, *reference));
  TRY(load_optimizer(join_path(path, "optimizer.safetensors"), optimizer));
  return std::optional<Progression>(at);
}

}  // namespace r1
