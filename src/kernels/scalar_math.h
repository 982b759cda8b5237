// Our own log, exp, sin, cos, pow for tables and single values: only + - * / and fma in double, so every machine and
// compiler gives equal bits. Relative error below 1e-14 where documented (scalar_math_test). Pure functions.
#pragma once

namespace r1 {

double exact_log(double x);            // natural logarithm, x > 0 and finite; else NaN or -inf as IEEE 754 says
double exact_exp(double x);            // |x| < 700
double exact_pow(double a, double b);  // a > 0
void exact_sin_cos(double x, double& sin_x, double& cos_x);  // |x| < 2^30

}  // namespace r1
