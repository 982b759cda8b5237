#include "format/safetensors.h"

#include <algorithm>
#include <iterator>

#include "format/json_parse.h"
#include "format/json_write.h"

namespace r1 {
namespace {

// A shard is named by a stranger's file: it must be a plain name inside the folder. (It may be a symbolic link there;
// Hugging Face's cache is made of them.)
bool is_plain_name(std::string_view name) {
  return !name.empty() && name[0] != '.' && name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

// shard -> the names of its tensors
Result<std::map<std::string, std::vector<std::string>>> read_index(const std::string& path) {
  constexpr uint64_t kMaxIndex = uint64_t(32) << 20;
  TRY_ASSIGN(const std::string text, real_files().read(path, kMaxIndex));
  TRY_ASSIGN(const nlohmann::json tree,
             parse_json(text, path, {.max_bytes = kMaxIndex, .max_depth = 20, .refuse_duplicate_keys = true}));
  TRY_ASSIGN(const nlohmann::json* weight_map, json_object(tree, path, "weight_map"));
  const std::string where = cat(path, ": weight_map");
  std::map<std::string, std::vector<std::string>> shards;
  for (const auto& [tensor, value] : weight_map->items()) {
    TRY_ASSIGN(const std::string shard, json_as<std::string>(value, cat(where, ": ", show_name(tensor))));
    if (!is_plain_name(shard))
      return Error::invalid(cat(where, ": ", show_name(tensor)),
                            cat("is ", describe_json(value), "; expected the name of a file in the same folder"));
    shards[shard].push_back(tensor);
  }
  if (shards.empty()) return Error::invalid(where, "is empty; expected at least one tensor");
  return shards;
}

}  // namespace

Result<Safetensors> Safetensors::open_file(const std::string& path) {
  TRY_ASSIGN(MappedFile file, MappedFile::open(path));
  TRY_ASSIGN(SafetensorsHeader header, parse_safetensors(file.bytes(), path));
  Safetensors model;
  model.files_.push_back(std::move(file));
  model.tensors_ = std::move(header.tensors);
  model.metadata_ = std::move(header.metadata);
  model.sort();
  return model;
}

Result<Safetensors> Safetensors::open_folder(const std::string& folder) {
  const std::string index = join_path(folder, "model.safetensors.index.json");
  if (!real_files().exists(index)) return open_file(join_path(folder, "model.safetensors"));
  TRY_ASSIGN(const auto shards, read_index(index));
  Safetensors model;
  for (const auto& [name, tensors] : shards) {
    const std::string path = join_path(folder, name);
    TRY_ASSIGN(Safetensors shard, open_file(path));
    std::string missing;
    size_t missed = 0;
    for (const std::string& tensor : tensors) {
      if (const TensorInfo* info = shard.find(tensor))
        model.tensors_.push_back(*info);
      else if (++missed <= 10)
        missing += cat(missed == 1 ? "" : ", ", show_name(tensor));
    }
    if (missed > 0)
      return Error::corrupt(path, cat("lacks ", missed, " of the tensors that ", index, " puts there: ", missing,
                                      missed > 10 ? ", ..." : ""));
    std::move(shard.files_.begin(), shard.files_.end(), std::back_inserter(model.files_));
    model.metadata_.merge(shard.metadata_);
  }
  model.sort();
  return model;
}

const TensorInfo* Safetensors::find(std::string_view name) const {
  const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                   [](const TensorInfo& tensor, std::string_view key) { return tensor.name < key; });
  return at != tensors_.end() && at->name == name ? &*at : nullptr;
}

void Safetensors::sort() {
  std::sort(tensors_.begin(), tensors_.end(), [](const TensorInfo& a, const TensorInfo& b) { return a.name < b.name; });
}

}  // namespace r1
