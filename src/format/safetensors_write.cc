#include <algorithm>
#include <optional>
#include <set>

#include "format/json_write.h"
#include "format/safetensors.h"
#include "format/utf8.h"

namespace r1 {

Status write_safetensors(Files& files, const std::string& path, std::span<const OutTensor> tensors,
                         const std::map<std::string, std::string>& metadata) {
  std::vector<const OutTensor*> order;
  for (const OutTensor& tensor : tensors) order.push_back(&tensor);
  std::stable_sort(order.begin(), order.end(), [](const OutTensor* a, const OutTensor* b) {
    return dtype_info(a->dtype).bytes > dtype_info(b->dtype).bytes;
  });

  std::string header = "{";
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata)
      header += cat(header.back() == '{' ? "" : ",", json_quote(key), ":", json_quote(value));
    header += "}";
  }
  std::set<std::string_view> names;
  uint64_t at = 0;
  for (const OutTensor* tensor : order) {
    const std::string where = cat(path, ": ", show_name(tensor->name));
    const std::optional<uint64_t> bytes = shape_bytes(tensor->dtype, tensor->shape);
    if (!names.insert(tensor->name).second) return Error::invalid(where, "appears twice");
    if (tensor->name == "__metadata__" || !is_utf8(tensor->name))
      return Error::invalid(where, "cannot be a tensor's name in a safetensors file");
    if (!bytes || tensor->data.size() != *bytes)
      return Error::invalid(where, cat("has ", tensor->data.size(), " bytes, which its dtype ",
                                       dtype_info(tensor->dtype).name, " and shape do not take"));
    header += cat(header.size() == 1 ? "" : ",", json_quote(tensor->name), ":{\"dtype\":\"",
                  dtype_info(tensor->dtype).name, "\",\"shape\":[");
    for (size_t i = 0; i < tensor->shape.size(); ++i) header += cat(i == 0 ? "" : ",", tensor->shape[i]);
    header += cat("],\"data_offsets\":[", at, ",", at + tensor->data.size(), "]}");
    at += tensor->data.size();
  }
  header += "}";
  header.append((8 - header.size() % 8) % 8, ' ');

  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = char(uint64_t(header.size()) >> (8 * i));
  std::vector<std::span<const std::byte>> pieces = {std::as_bytes(std::span(length)), std::as_bytes(std::span(header))};
  for (const OutTensor* tensor : order) pieces.push_back(tensor->data);
  return files.write_pieces(path, pieces);
}

}  // namespace r1
