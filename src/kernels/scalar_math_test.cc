#include "kernels/scalar_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/rng.h"

namespace r1 {
namespace {

constexpr int kTries = 20000;
constexpr double kInf = std::numeric_limits<double>::infinity();

bool close(double got, long double want, double relative) {
  return std::abs((long double)(got)-want) <= (long double)(relative)*std::abs(want);
}

TEST(ScalarMath, LogIsWithinAFewUnits) {
  Rng rng{1, 1};
  for (int i = 0; i < kTries; ++i) {
    const double x = std::ldexp(1 + rng.uniform(), int(rng.integer(-1074, 1023)));
    ASSERT_TRUE(close(exact_log(x), std::log((long double)(x)), 1e-15)) << x;
    const double near_one = 1 + (rng.uniform() - 0.5) * std::ldexp(1.0, -int(rng.integer(0, 50)));
    ASSERT_TRUE(close(exact_log(near_one), std::log((long double)(near_one)), 1e-14)) << near_one;
  }
  EXPECT_EQ(exact_log(1.0), 0.0);
  EXPECT_EQ(exact_log(0.0), -kInf);
  EXPECT_EQ(exact_log(kInf), kInf);
  EXPECT_TRUE(std::isnan(exact_log(-1.0)));
  EXPECT_TRUE(std::isnan(exact_log(NAN)));
  EXPECT_TRUE(close(exact_log(5e-324), -744.4400719213812621, 1e-15));
}

TEST(ScalarMath, ExpIsWithinAFewUnits) {
  Rng rng{2, 1};
  for (int i = 0; i < kTries; ++i) {
    const double x = (rng.uniform() * 2 - 1) * 700, small = (rng.uniform() * 2 - 1) * 0.4;
    ASSERT_TRUE(close(exact_exp(x), std::exp((long double)(x)), 1e-15)) << x;
    ASSERT_TRUE(close(exact_exp(small), std::exp((long double)(small)), 1e-15)) << small;
  }
  EXPECT_EQ(exact_exp(0.0), 1.0);
  EXPECT_EQ(exact_exp(kInf), kInf);
  EXPECT_EQ(exact_exp(-kInf), 0.0);
  EXPECT_TRUE(std::isnan(exact_exp(NAN)));
}

TEST(ScalarMath, PowServesFrequencyTables) {
  for (const double base : {10000.0, 500000.0, 1e6})
    for (int i = 0; i < 128; ++i) {
      const double power = -2.0 * i / 256;
      ASSERT_TRUE(close(exact_pow(base, power), std::pow((long double)(base), (long double)(power)), 1e-14))
          << base << " " << power;
    }
  EXPECT_EQ(exact_pow(10000.0, 0.0), 1.0);
}

TEST(ScalarMath, SineAndCosineOverTheWholeRange) {
  Rng rng{3, 1};
  for (int power = -20; power < 30; ++power)
    for (int i = 0; i < 1000; ++i) {
      const double x = (rng.uniform() * 2 - 1) * std::ldexp(1.0, power);
      double s, c;
      exact_sin_cos(x, s, c);
      ASSERT_LE(std::abs((long double)(s)-std::sin((long double)(x))), 1e-15L) << x;
      ASSERT_LE(std::abs((long double)(c)-std::cos((long double)(x))), 1e-15L) << x;
      if (power < 0) {
        ASSERT_TRUE(close(s, std::sin((long double)(x)), 1e-15)) << x;
      }
    }
  double s, c;
  exact_sin_cos(0, s, c);
  EXPECT_EQ(s, 0.0);
  EXPECT_EQ(c, 1.0);
}

// Near multiples of pi/2 the reduced argument is all that is left of x.
TEST(ScalarMath, SineKeepsItsRelativeErrorNearItsZeros) {
  for (int n = 1; n < 200000; n += 37) {
    const double x = n * 3.14159265358979323846;
    double s, c;
    exact_sin_cos(x, s, c);
    ASSERT_LE(std::abs((long double)(s)-std::sin((long double)(x))),
              1e-17L + 1e-6L * std::abs(std::sin((long double)(x))))
        << n;
  }
}

}  // namespace
}  // namespace r1
