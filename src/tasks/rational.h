// Exact fractions of 64-bit integers. An operation whose result does not fit is nullopt, never a wrapped value.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace r1 {

// Lowest terms, den > 0, |num| and den at most INT64_MAX; so equality of fields is equality of numbers.
struct Rational {
  int64_t num = 0, den = 1;
  bool operator==(const Rational&) const = default;
};

std::optional<Rational> add(Rational a, Rational b);
std::optional<Rational> subtract(Rational a, Rational b);
std::optional<Rational> multiply(Rational a, Rational b);
std::optional<Rational> divide(Rational a, Rational b);  // nullopt for b = 0 as well
// op is one of + - * /; anything else is nullopt.
std::optional<Rational> apply(char op, Rational a, Rational b);

// The same on small whole numbers, for + - * only. REQUIRES: no overflow.
inline int apply_whole(char op, int a, int b) { return op == '*' ? a * b : op == '+' ? a + b : a - b; }

// A written number: [sign] digits, digits in groups of three with commas (1,000), a decimal point (0.5, .5), or a
// fraction of two integers (1/2, -3 / 4). ASCII only, nothing before or after; no exponents, no percent.
std::optional<Rational> parse_number(std::string_view text);

std::string to_string(Rational value);  // "5", "-1/2"

}  // namespace r1
