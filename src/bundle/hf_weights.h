// Weights between a Hugging Face folder's safetensors and our packed layout, walked by the tensor list.
#pragma once
#include <string>

#include "base/files.h"
#include "format/safetensors.h"
#include "model/weights.h"

namespace r1 {

struct LoadOptions {
  bool with_grad = false;
  bool with_mtp = true;  // load the MTP module if the config has one
};

// Every weight of the list, converted to f32. Missing, unexpected and wrongly shaped tensors are one error that names them.
Result<Weights> load_weights(const Safetensors& file, const ModelConfig& config, const LoadOptions& options, const std::string& where);
// One F32 file. Peak memory: a second copy of the weights.
Status save_weights(Files& files, const std::string& path, const ModelConfig& config, Weights& weights);

}  // namespace r1
