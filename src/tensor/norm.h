// RMSNorm and SwiGLU over rows.
#pragma once
#include "tensor/graph.h"
#include "tensor/param.h"

namespace r1 {

// y = x / sqrt(mean(x^2) + eps) * gain, row by row (Zhang & Sennrich 2019). gain [cols].
Tensor rms_norm(Graph& g, const Tensor& x, Param& gain, float eps);
// silu(gate) * up, element-wise.
Tensor swiglu(Graph& g, const Tensor& gate, const Tensor& up);

}  // namespace r1
