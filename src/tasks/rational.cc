#include "tasks/rational.h"

#include "base/cat.h"

namespace r1 {
namespace {

__extension__ using Wide = __int128;

// Products of two 64-bit values and their sums fit in 127 bits, so `num` and `den` are exact here.
std::optional<Rational> reduced(Wide num, Wide den) {
  if (den == 0) return std::nullopt;
  if (den < 0) num = -num, den = -den;
  Wide a = num < 0 ? -num : num, b = den;
  while (b != 0) {
    const Wide rest = a % b;
    a = b, b = rest;
  }
  num /= a, den /= a;
  if (num > INT64_MAX || num < -Wide(INT64_MAX) || den > INT64_MAX) return std::nullopt;
  return Rational{int64_t(num), int64_t(den)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view s) {
  const auto first = s.find_first_not_of(" \t\r\n");
  if (first == s.npos) return {};
  return s.substr(first, s.find_last_not_of(" \t\r\n") - first + 1);
}

// Digits with optional commas between groups of three.
std::optional<int64_t> parse_whole(std::string_view s) {
  const bool grouped = s.find(',') != s.npos;
  Wide value = 0;
  size_t digits = 0, since_comma = 0;
  bool comma = false;
  for (char c : s) {
    if (c == ',') {
      if (since_comma == 0 || since_comma > 3 || (comma && since_comma != 3)) return std::nullopt;
      comma = true, since_comma = 0;
      continue;
    }
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
    if (value > INT64_MAX) return std::nullopt;
    ++digits, ++since_comma;
  }
  if (digits == 0 || (grouped && since_comma != 3)) return std::nullopt;
  return int64_t(value);
}

}  // namespace

std::optional<Rational> add(Rational a, Rational b) {
  return reduced(Wide(a.num) * b.den + Wide(b.num) * a.den, Wide(a.den) * b.den);
}
std::optional<Rational> subtract(Rational a, Rational b) { return add(a, {-b.num, b.den}); }
std::optional<Rational> multiply(Rational a, Rational b) { return reduced(Wide(a.num) * b.num, Wide(a.den) * b.den); }
std::optional<Rational> divide(Rational a, Rational b) { return reduced(Wide(a.num) * b.den, Wide(a.den) * b.num); }

std::optional<Rational> apply(char op, Rational a, Rational b) {
  switch (op) {
    case '+':
      return add(a, b);
    case '-':
      return subtract(a, b);
    case '*':
      return multiply(a, b);
    case '/':
      return divide(a, b);
    default:
      return std::nullopt;
  }
}

std::optional<Rational> parse_number(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 64) return std::nullopt;
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::optional<Rational> value;
  if (const auto slash = text.find('/'); slash != text.npos) {
    const auto top = parse_whole(trimmed(text.substr(0, slash))), bottom = parse_whole(trimmed(text.substr(slash + 1)));
    if (!top || !bottom || !(text.size() && is_digit(text[0]))) return std::nullopt;
    value = divide({*top, 1}, {*bottom, 1});
  } else if (const auto point = text.find('.'); point != text.npos) {
    const std::string_view whole = text.substr(0, point), fraction = text.substr(point + 1);
    if (fraction.empty() || fraction.find(',') != fraction.npos) return std::nullopt;
    const auto before = whole.empty() ? std::optional<int64_t>(0) : parse_whole(whole), after = parse_whole(fraction);
    if (!before || !after || fraction.size() > 18) return std::nullopt;
    int64_t scale = 1;
    for (size_t i = 0; i < fraction.size(); ++i) scale *= 10;
    const auto tail = divide({*after, 1}, {scale, 1});
    if (tail) value = add({*before, 1}, *tail);
  } else if (const auto whole = parse_whole(text)) {
    value = Rational{*whole, 1};
  }
  if (value && negative) value->num = -value->num;
  return value;
}

std::string to_string(Rational value) { return value.den == 1 ? cat(value.num) : cat(value.num, '/', value.den); }

}  // namespace r1
