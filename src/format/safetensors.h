// Hugging Face's safetensors: one file, or a folder of shards with an index.
//
// A file is: u64 n | n bytes of JSON | tensor bytes; little-endian. The JSON maps each tensor's name to
// {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, offsets counted from the end of the JSON, and
// "__metadata__" to a map of strings. Tensors follow each other without holes or overlaps and fill the file.
// Format: https://github.com/huggingface/safetensors (README, "Format").
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/files.h"
#include "base/result.h"

namespace r1 {

// Bytes a tensor takes, or nothing if 64 bits cannot count them. A dimension of 0 makes it 0, but excuses no overflow
// by the others.
std::optional<uint64_t> shape_bytes(DType dtype, std::span<const uint64_t> shape);

struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  std::vector<uint64_t> shape;      // outermost first; empty for a scalar
  std::span<const std::byte> data;  // may be unaligned; lives as long as what it was read from

  uint64_t elements() const;
};

struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;  // in the order of their bytes
  std::map<std::string, std::string> metadata;
};

// Checks everything above on a whole file in memory; `where` names it in errors.
Result<SafetensorsHeader> parse_safetensors(std::span<const std::byte> file, std::string_view where);

// An open model: every tensor of one file or of all shards. Move-only; spans stay valid while it lives.
// Thread safety: const access from any thread. A file must not shrink while it is mapped.
class Safetensors {
 public:
  static Result<Safetensors> open_file(const std::string& path);
  // `folder`/model.safetensors.index.json if there is one, else `folder`/model.safetensors. Every tensor the index
  // names must be in its shard; what a shard holds beyond the index is left out.
  static Result<Safetensors> open_folder(const std::string& folder);

  // Null if there is none.
  const TensorInfo* find(std::string_view name) const;
  const std::vector<TensorInfo>& tensors() const { return tensors_; }  // sorted by name
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  Safetensors() = default;
  void sort();

  std::vector<MappedFile> files_;
  std::vector<TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

struct OutTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<uint64_t> shape;
  std::span<const std::byte> data;
};

// Writes one file, atomically and without a copy of the data. Same input, same bytes. The data starts on a multiple of
// 8 bytes, and tensors of larger elements come first (else in the order given), so each is aligned to its element.
Status write_safetensors(Files& files, const std::string& path, std::span<const OutTensor> tensors,
                         const std::map<std::string, std::string>& metadata = {});

}  // namespace r1
