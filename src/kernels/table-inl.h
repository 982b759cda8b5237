// The table of one target, from the three files of kernels.
#if defined(R1_KERNELS_TABLE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef R1_KERNELS_TABLE_INL_H_
#undef R1_KERNELS_TABLE_INL_H_
#else
#define R1_KERNELS_TABLE_INL_H_
#endif

#include "kernels/attention-inl.h"
#include "kernels/gemm-inl.h"
#include "kernels/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1::HWY_NAMESPACE {

inline Kernels make_table(const char* name) {
  Kernels t{};
  t.name = name;
  t.gemm = gemm;
  t.gemm_weight_grad = gemm_weight_grad;
  t.dot = dot;
  t.sum_squares = sum_squares;
  t.axpy = axpy;
  t.add = add_rows;
  t.rms_norm = rms_norm;
  t.rms_norm_vjp = rms_norm_vjp;
  t.swiglu = swiglu;
  t.swiglu_vjp = swiglu_vjp;
  t.sigmoid = sigmoid_rows;
  t.row_stats = row_stats;
  t.softmax = softmax;
  t.attention = attention;
  t.attention_vjp = attention_vjp;
  t.adamw = adamw;
  return t;
}

}  // namespace r1::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
