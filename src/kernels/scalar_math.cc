#include "kernels/scalar_math.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace r1 {
namespace {

constexpr double kLn2High = 6.93147180369123816490e-01;  // 32 leading bits of ln 2, so that n * kLn2High is exact
constexpr double kLn2Low = 1.90821492927058770002e-10;
constexpr double kPiOver2High = 1.57079632673412561417e+00;  // 33 bits of pi/2
constexpr double kPiOver2Mid = 6.07710050630396597660e-11;   // the next 33
constexpr double kPiOver2Low = 2.02226624879595063154e-21;

double from_bits(uint64_t bits) {
  double x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

uint64_t to_bits(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

}  // namespace

// x = m 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m-1)/(m+1), |s| < 0.1716: 12 terms reach 1e-19.
double exact_log(double x) {
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (!(x > 0)) return std::numeric_limits<double>::quiet_NaN();
  if (!(x < std::numeric_limits<double>::infinity())) return x;
  int e = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    e = -54;
  }
  const uint64_t bits = to_bits(x);
  e += int(bits >> 52) - 1023;
  double m = from_bits((bits & 0xFFFFFFFFFFFFFu) | 0x3FF0000000000000u);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    e += 1;
  }
  const double s = (m - 1) / (m + 1), s2 = s * s;
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
  return double(e) * kLn2High + (2 * s * sum + double(e) * kLn2Low);
}

double exact_exp(double x) {
  if (!(x == x)) return x;
  if (x > 709) return std::numeric_limits<double>::infinity();
  if (x < -708) return 0;
  const double n = std::nearbyint(x * 1.4426950408889634);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1;
  for (int k = 18; k >= 1; --k) sum = 1 + sum * r / k;
  return sum * from_bits(uint64_t(int64_t(n) + 1023) << 52);
}

double exact_pow(double a, double b) { return exact_exp(b * exact_log(a)); }

void exact_sin_cos(double x, double& sin_x, double& cos_x) {
  const double n = std::nearbyint(x * 0.6366197723675814);
  // Fused, since n has up to 30 bits and the parts 33: their products would round.
  const double r = std::fma(-n, kPiOver2Mid, std::fma(-n, kPiOver2High, x)) - n * kPiOver2Low;
  const double r2 = r * r;
  double s = 1, c = 1;
  for (int k = 18; k >= 2; k -= 2) {
    s = 1 - s * r2 / (double(k) * double(k + 1));
    c = 1 - c * r2 / (double(k - 1) * double(k));
  }
  s *= r;
  switch (int64_t(n) & 3) {
    case 0:
      sin_x = s, cos_x = c;
      break;
    case 1:
      sin_x = c, cos_x = -s;
      break;
    case 2:
      sin_x = -s, cos_x = -c;
      break;
    default:
      sin_x = -c, cos_x = s;
      break;
  }
}

}  // namespace r1
