#include "bundle/hf_weights.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "format/float_types.h"

namespace r1 {
namespace {

std::string shape_text(std::span<const uint64_t> shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) out += cat(i == 0 ? "" : ", ", shape[i]);
  return out + "]";
}

std::vector<uint64_t> shape_of(const TensorSpec& s) {
  if (s.cols == 0) return {s.rows};
  return {s.rows, s.cols};
}

bool readable(DType t) { return t == DType::f32 || t == DType::f16 || t == DType::bf16; }

// Unaligned little-endian elements to floats.
void to_floats(const TensorInfo& t, std::vector<float>& out) {
  const size_t n = t.elements();
  out.resize(n);
  if (t.dtype == DType::f32) {
    if (n > 0) std::memcpy(out.data(), t.data.data(), n * sizeof(float));
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    uint16_t bits;
    std::memcpy(&bits, t.data.data() + 2 * i, 2);
    out[i] = t.dtype == DType::bf16 ? bf16_to_f32(bits) : f16_to_f32(bits);
  }
}

// Names that a folder may hold beside the list: the MTP module (left out by choice), its copies of shared tensors, a tied head.
bool is_tolerated(const ModelConfig& c, std::string_view name) {
  if (name.starts_with(cat("model.layers.", c.num_hidden_layers, "."))) return true;
  if (c.tie_word_embeddings && name == "lm_head.weight") return true;
  return name.ends_with(".rotary_emb.inv_freq");
}

struct Report {
  std::string text;
  size_t count = 0;
  void add(std::string_view line) {
    constexpr size_t kShown = 8;
    if (++count <= kShown) text += cat(count == 1 ? "" : "; ", line);
    else if (count == kShown + 1) text += "; and more";
  }
};

}  // namespace

Result<Weights> load_weights(const Safetensors& file, const ModelConfig& config, const LoadOptions& options, const std::string& where) {
  const std::vector<TensorSpec> list = tensor_list(config);
  Report report;
  std::set<std::string_view> known;
  for (const TensorSpec& s : list) {
    known.insert(s.name);
    if (s.mtp && !options.with_mtp) continue;
    const TensorInfo* t = file.find(s.name);
    if (t == nullptr) report.add(cat(s.name, " is missing"));
    else if (t->shape != shape_of(s)) report.add(cat(s.name, " has shape ", shape_text(t->shape), "; expected ", shape_text(shape_of(s))));
    else if (!readable(t->dtype)) report.add(cat(s.name, " is ", dtype_info(t->dtype).name, "; expected F32, F16 or BF16"));
  }
  for (const TensorInfo& t : file.tensors())
    if (!known.contains(t.name) && !is_tolerated(config, t.name)) report.add(cat(t.name, " is not part of this architecture"));
  if (report.count > 0) return Error::corrupt(where, cat("does not fit config.json (", report.count, " findings): ", report.text));

  Weights weights = allocate_weights(config, options.with_grad, options.with_mtp);
  std::vector<float> rows;
  for (const TensorSpec& s : list) {
    if (s.mtp && !options.with_mtp) continue;
    to_floats(*file.find(s.name), rows);
    write_tensor(weights, config, s, rows.data());
  }
  return weights;
}

Status save_weights(Files& files, const std::string& path, const ModelConfig& config, Weights& weights) {
  std::vector<std::vector<float>> data;
  std::vector<OutTensor> tensors;
  for (const TensorSpec& s : tensor_list(config)) {
    if (s.mtp && weights.mtp.empty()) continue;
    data.emplace_back(s.elements());
    read_tensor(weights, config, s, Part::value, data.back().data());
    tensors.push_back({s.name, DType::f32, shape_of(s), std::as_bytes(std::span(data.back()))});
  }
  return write_safetensors(files, path, tensors, {{"format", "pt"}});
}

}  // namespace r1
