// A trainable array: its values, and its gradient of the same layout when training.
//
// packed: `count` matrices (one for an expert or a head), each of n outputs and k inputs, in panels (kernels.h).
// rows: count*n rows of k floats, as in a file (embedding tables that are only looked up; gains and biases with k = 1).
// Thread safety: as the buffers; ops write gradients from the calling thread's parallel sections, split by output.
#pragma once
#include <string>

#include "base/buffer.h"
#include "kernels/kernels.h"

namespace r1 {

enum class ParamLayout { packed, rows };

struct Param {
  std::string name;
  ParamLayout layout = ParamLayout::rows;
  size_t count = 1, n = 0, k = 1;
  FloatBuffer value, grad;

  size_t slice_size() const { return layout == ParamLayout::packed ? packed_size(n, k) : n * k; }
  size_t storage() const { return count * slice_size(); }
  const float* slice(size_t i) const { return value.data() + i * slice_size(); }
  float* slice_grad(size_t i) { return grad.data() + i * slice_size(); }
  bool trainable() const { return !grad.empty(); }
  void allocate(bool with_grad) {
    value = FloatBuffer(storage());
    grad = with_grad ? FloatBuffer(storage()) : FloatBuffer();
  }
};

}  // namespace r1
