#include <algorithm>
#include <optional>
#include <tuple>

#include "format/json_parse.h"
#include "format/json_write.h"
#include "format/safetensors.h"

namespace r1 {
namespace {

using nlohmann::json;

// The reference implementation allows 100 MB; DeepSeek-V3's 91 thousand tensors would take 12 in one file.
constexpr uint64_t kMaxHeader = uint64_t(32) << 20;

uint64_t read_u64le(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value |= uint64_t(bytes[i]) << (8 * i);
  return value;
}

Error unknown_dtype(const std::string& where, const std::string& name) {
  std::string known;
  for (const DTypeInfo& info : kDTypes) known += cat(known.empty() ? "" : ", ", info.name);
  return Error::invalid(cat(where, ": dtype"), cat("is ", describe_json(name), "; expected one of ", known));
}

struct Entry {
  TensorInfo info;
  uint64_t begin = 0, end = 0;
};

Result<Entry> read_entry(const std::string& name, const json& value, const std::string& where, uint64_t data_size) {
  TRY(expect_json_object(value, where));
  TRY_ASSIGN(const std::string dtype_name, json_get<std::string>(value, where, "dtype"));
  const std::optional<DType> dtype = dtype_from_name(dtype_name);
  if (!dtype) return unknown_dtype(where, dtype_name);
  TRY_ASSIGN(std::vector<uint64_t> shape, json_get<std::vector<uint64_t>>(value, where, "shape"));
  TRY_ASSIGN(const auto offsets, json_get<std::vector<uint64_t>>(value, where, "data_offsets"));
  for (const auto& [key, member] : value.items())
    if (key != "dtype" && key != "shape" && key != "data_offsets")
      return Error::corrupt(cat(where, ": ", show_name(key)), "is an unknown field of a tensor");
  if (offsets.size() != 2)
    return Error::corrupt(cat(where, ": data_offsets"), cat("has ", offsets.size(), " numbers; expected 2"));
  const uint64_t begin = offsets[0], end = offsets[1];
  if (begin > end || end > data_size)
    return Error::corrupt(cat(where, ": data_offsets"),
                          cat("is [", begin, ", ", end, "]; the file has ", data_size, " bytes of data"));
  const std::optional<uint64_t> bytes = shape_bytes(*dtype, shape);
  if (!bytes) return Error::corrupt(cat(where, ": shape"), "needs more bytes than 64 bits can count");
  if (*bytes != end - begin)
    return Error::corrupt(cat(where, ": data_offsets"),
                          cat("spans ", end - begin, " bytes; dtype and shape need ", *bytes));
  return Entry{{name, *dtype, std::move(shape), {}}, begin, end};
}

}  // namespace

std::optional<uint64_t> shape_bytes(DType dtype, std::span<const uint64_t> shape) {
  uint64_t total = dtype_info(dtype).bytes;
  bool empty = false;
  for (const uint64_t dim : shape) {
    if (dim == 0)
      empty = true;
    else if (__builtin_mul_overflow(total, dim, &total))
      return std::nullopt;
  }
  return empty ? 0 : total;
}

uint64_t TensorInfo::elements() const { return data.size() / dtype_info(dtype).bytes; }

Result<SafetensorsHeader> parse_safetensors(std::span<const std::byte> file, std::string_view where) {
  const std::string source(where);
  if (file.size() < 8)
    return Error::corrupt(source, cat("has ", file.size(), " bytes, less than its 8-byte header length"));
  const uint64_t n = read_u64le(file);
  if (n > file.size() - 8)
    return Error::corrupt(source, cat("claims a header of ", n, " bytes in a file of ", file.size(), " bytes"));
  if (n > kMaxHeader)
    return Error::corrupt(source, cat("has a header of ", n, " bytes; expected at most ", kMaxHeader));
  const auto text = std::string_view(reinterpret_cast<const char*>(file.data()) + 8, n);
  const auto data = file.subspan(8 + n);
  // The tree must not cost many times the file: this depth is all the format needs.
  const JsonLimits limits{.max_bytes = kMaxHeader, .max_depth = 3, .refuse_duplicate_keys = true};
  const std::string header_where = cat(where, ": header");
  TRY_ASSIGN(const json tree, parse_json(text, header_where, limits));
  TRY(expect_json_object(tree, header_where));

  SafetensorsHeader header;
  std::vector<Entry> entries;
  for (const auto& [name, value] : tree.items()) {
    if (name == "__metadata__") {
      const std::string metadata_where = cat(where, ": __metadata__");
      TRY(expect_json_object(value, metadata_where));
      for (const auto& [key, item] : value.items()) {
        TRY_ASSIGN(std::string item_text, json_as<std::string>(item, cat(metadata_where, ": ", show_name(key))));
        header.metadata.emplace(key, std::move(item_text));
      }
      continue;
    }
    TRY_ASSIGN(Entry entry, read_entry(name, value, cat(where, ": ", show_name(name)), data.size()));
    entries.push_back(std::move(entry));
  }

  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.info.name) < std::tie(b.begin, b.end, b.info.name);
  });
  uint64_t at = 0;
  for (Entry& entry : entries) {
    if (entry.begin != at)
      return Error::corrupt(cat(where, ": ", show_name(entry.info.name), ": data_offsets"),
                            cat("begins at ", entry.begin, "; expected ", at, ", where the tensor before it ends"));
    entry.info.data = data.subspan(entry.begin, entry.end - entry.begin);
    header.tensors.push_back(std::move(entry.info));
    at = entry.end;
  }
  if (at != data.size())
    return Error::corrupt(source, cat("has ", data.size() - at, " bytes after its last tensor; expected none"));
  return header;
}

}  // namespace r1
