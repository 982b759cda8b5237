// V16: sixteen float lanes on the current Highway target. Targets without fused multiply-add use the plain loop
// below, which is also the reference every other target must equal bit for bit. No include guard of the usual kind:
// included once a target.
#if defined(R1_KERNELS_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef R1_KERNELS_LANES_INL_H_
#undef R1_KERNELS_LANES_INL_H_
#else
#define R1_KERNELS_LANES_INL_H_
#endif

#include <cmath>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace r1::HWY_NAMESPACE {

#if !defined(R1_KERNELS_PLAIN) && (HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON)

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, kLanes>;
using DI = hn::RebindToSigned<D>;
inline constexpr size_t kRegisterLanes = hn::MaxLanes(D());
inline constexpr size_t kRegs = kLanes / kRegisterLanes;

struct V16 {
  hn::Vec<D> r[kRegs];
};
struct M16 {
  hn::Mask<D> r[kRegs];
};

#define R1_EACH for (size_t i = 0; i < kRegs; ++i)
HWY_INLINE V16 set(float x) {
  V16 v;
  R1_EACH v.r[i] = hn::Set(D(), x);
  return v;
}
HWY_INLINE V16 load(const float* p) {
  V16 v;
  R1_EACH v.r[i] = hn::LoadU(D(), p + i * kRegisterLanes);
  return v;
}
HWY_INLINE void store(V16 v, float* p) { R1_EACH hn::StoreU(v.r[i], D(), p + i * kRegisterLanes); }
HWY_INLINE V16 fma(V16 a, V16 b, V16 c) {
  R1_EACH c.r[i] = hn::MulAdd(a.r[i], b.r[i], c.r[i]);
  return c;
}
HWY_INLINE V16 add(V16 a, V16 b) {
  R1_EACH a.r[i] = hn::Add(a.r[i], b.r[i]);
  return a;
}
HWY_INLINE V16 sub(V16 a, V16 b) {
  R1_EACH a.r[i] = hn::Sub(a.r[i], b.r[i]);
  return a;
}
HWY_INLINE V16 mul(V16 a, V16 b) {
  R1_EACH a.r[i] = hn::Mul(a.r[i], b.r[i]);
  return a;
}
HWY_INLINE V16 div(V16 a, V16 b) {
  R1_EACH a.r[i] = hn::Div(a.r[i], b.r[i]);
  return a;
}
HWY_INLINE V16 sqrt(V16 a) {
  R1_EACH a.r[i] = hn::Sqrt(a.r[i]);
  return a;
}
HWY_INLINE V16 round(V16 a) {
  R1_EACH a.r[i] = hn::Round(a.r[i]);
  return a;
}
HWY_INLINE M16 less(V16 a, V16 b) {
  M16 m;
  R1_EACH m.r[i] = hn::Lt(a.r[i], b.r[i]);
  return m;
}
HWY_INLINE V16 select(M16 m, V16 yes, V16 no) {
  R1_EACH no.r[i] = hn::IfThenElse(m.r[i], yes.r[i], no.r[i]);
  return no;
}
// 2^n for integral n in [-126, 127].
HWY_INLINE V16 pow2(V16 n) {
  R1_EACH {
    const auto biased = hn::Add(hn::ConvertTo(DI(), n.r[i]), hn::Set(DI(), 127));
    n.r[i] = hn::BitCast(D(), hn::ShiftLeft<23>(biased));
  }
  return n;
}
#undef R1_EACH

// Folds 16 lanes as (8, 4, 2, 1); `op` is Add or Max.
template <class Op>
HWY_INLINE float fold(V16 v, Op op) {
  alignas(64) float t[kLanes];
  if constexpr (kRegs == 4) {
    const auto a = op(v.r[0], v.r[2]), b = op(v.r[1], v.r[3]);
    hn::StoreU(op(a, b), D(), t);
  } else if constexpr (kRegs == 2) {
    const auto a = op(v.r[0], v.r[1]);
    const hn::Half<D> half;
    hn::StoreU(op(hn::LowerHalf(half, a), hn::UpperHalf(half, a)), half, t);
  } else {
    const hn::Half<D> half;
    const hn::Half<decltype(half)> quarter;
    const auto a = op(hn::LowerHalf(half, v.r[0]), hn::UpperHalf(half, v.r[0]));
    hn::StoreU(op(hn::LowerHalf(quarter, a), hn::UpperHalf(quarter, a)), quarter, t);
  }
  return op(op(t[0], t[2]), op(t[1], t[3]));
}
struct AddOp {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Add(a, b);
  }
  HWY_INLINE float operator()(float a, float b) const { return a + b; }
};
struct MaxOp {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::IfThenElse(hn::Lt(a, b), b, a);
  }
  HWY_INLINE float operator()(float a, float b) const { return a < b ? b : a; }
};

#else  // the plain path

struct V16 {
  float r[kLanes];
};
struct M16 {
  bool r[kLanes];
};

#define R1_EACH for (size_t i = 0; i < kLanes; ++i)
inline V16 set(float x) {
  V16 v;
  R1_EACH v.r[i] = x;
  return v;
}
inline V16 load(const float* p) {
  V16 v;
  R1_EACH v.r[i] = p[i];
  return v;
}
inline void store(V16 v, float* p) { R1_EACH p[i] = v.r[i]; }
inline V16 fma(V16 a, V16 b, V16 c) {
  R1_EACH c.r[i] = std::fma(a.r[i], b.r[i], c.r[i]);
  return c;
}
inline V16 add(V16 a, V16 b) {
  R1_EACH a.r[i] += b.r[i];
  return a;
}
inline V16 sub(V16 a, V16 b) {
  R1_EACH a.r[i] -= b.r[i];
  return a;
}
inline V16 mul(V16 a, V16 b) {
  R1_EACH a.r[i] *= b.r[i];
  return a;
}
inline V16 div(V16 a, V16 b) {
  R1_EACH a.r[i] /= b.r[i];
  return a;
}
inline V16 sqrt(V16 a) {
  R1_EACH a.r[i] = std::sqrt(a.r[i]);
  return a;
}
inline V16 round(V16 a) {
  R1_EACH a.r[i] = std::nearbyint(a.r[i]);
  return a;
}
inline M16 less(V16 a, V16 b) {
  M16 m;
  R1_EACH m.r[i] = a.r[i] < b.r[i];
  return m;
}
inline V16 select(M16 m, V16 yes, V16 no) {
  R1_EACH no.r[i] = m.r[i] ? yes.r[i] : no.r[i];
  return no;
}
inline V16 pow2(V16 n) {
  // A NaN or infinity has no integer; its product with any power stays what it is, so 0 will do.
  R1_EACH {
    const int32_t whole = std::isfinite(n.r[i]) ? int32_t(n.r[i]) : 0;
    const uint32_t bits = uint32_t(whole + 127) << 23;
    std::memcpy(&n.r[i], &bits, sizeof bits);
  }
  return n;
}
#undef R1_EACH

template <class Op>
inline float fold(V16 v, Op op) {
  for (size_t width = kLanes / 2; width > 0; width /= 2)
    for (size_t i = 0; i < width; ++i) v.r[i] = op(v.r[i], v.r[i + width]);
  return v.r[0];
}
struct AddOp {
  float operator()(float a, float b) const { return a + b; }
};
struct MaxOp {
  float operator()(float a, float b) const { return a < b ? b : a; }
};

#endif

HWY_INLINE float reduce_sum(V16 v) { return fold(v, AddOp()); }
HWY_INLINE float reduce_max(V16 v) { return fold(v, MaxOp()); }
HWY_INLINE V16 max(V16 a, V16 b) { return select(less(a, b), b, a); }

// The first n < 16 lanes; the others are `fill`.
HWY_INLINE V16 load_first(const float* p, size_t n, float fill = 0) {
  alignas(64) float t[kLanes];
  for (size_t i = 0; i < kLanes; ++i) t[i] = i < n ? p[i] : fill;
  return load(t);
}
HWY_INLINE void store_first(V16 v, float* p, size_t n) {
  alignas(64) float t[kLanes];
  store(v, t);
  for (size_t i = 0; i < n; ++i) p[i] = t[i];
}

// exp(x): x = n ln2 + r with |r| <= ln2/2, a degree-7 Taylor polynomial in r, times 2^n in two factors. Relative error
// below 2^-22 (exp_test checks it against double); 0 below -103.97, infinity above 88.72.
HWY_INLINE V16 exp(V16 x) {
  const V16 low = set(-103.97f), high = set(88.7228394f);
  const M16 under = less(x, low), over = less(high, x);
  const V16 clamped = select(under, low, select(over, high, x));
  const V16 n = round(mul(clamped, set(1.44269504f)));
  V16 r = fma(n, set(-0.693145752f), clamped);  // ln 2 in two parts: the first has 11 trailing zero bits
  r = fma(n, set(-1.42860677e-6f), r);
  V16 p = set(1.98412698e-4f);
  p = fma(p, r, set(1.38888889e-3f));
  p = fma(p, r, set(8.33333333e-3f));
  p = fma(p, r, set(4.16666667e-2f));
  p = fma(p, r, set(1.66666667e-1f));
  p = fma(p, r, set(0.5f));
  p = fma(p, r, set(1.0f));
  p = fma(p, r, set(1.0f));
  const V16 half = round(mul(n, set(0.5f)));
  p = mul(mul(p, pow2(half)), pow2(sub(n, half)));
  return select(under, set(0.0f), select(over, set(INFINITY), p));
}

HWY_INLINE V16 sigmoid(V16 x) { return div(set(1.0f), add(set(1.0f), exp(sub(set(0.0f), x)))); }

}  // namespace r1::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
