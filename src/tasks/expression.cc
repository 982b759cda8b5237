#include "tasks/expression.h"

#include <algorithm>

namespace r1 {
namespace {

constexpr size_t kMaxBytes = 512;
constexpr int kMaxDepth = 24;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Expression> whole() {
    if (text_.size() > kMaxBytes) return bad(cat("is ", text_.size(), " bytes; at most ", kMaxBytes));
    TRY_ASSIGN(const Rational value, sum(0));
    if (peek() == '=') {
      ++at_;
      TRY_ASSIGN(const int64_t claimed, number());
      if (value != Rational{claimed, 1}) return bad(cat("is ", to_string(value), ", not ", claimed, " as it says"));
    }
    if (peek() != 0 || at_ != text_.size()) return bad(cat("goes on after the expression at byte ", at_));
    return Expression{value, std::move(numbers_)};
  }

 private:
  static Error bad(std::string message) { return Error::invalid("expression", std::move(message)); }

  // The next character that is not a space, 0 at the end.
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
    return at_ < text_.size() ? text_[at_] : 0;
  }

  Result<Rational> operate(char op, Rational a, Rational b) {
    if (op == '/' && b.num == 0) return bad("divides by zero");
    if (const auto value = apply(op, a, b)) return *value;
    return bad("has a value beyond 64-bit fractions");
  }

  Result<Rational> sum(int depth) {
    TRY_ASSIGN(Rational value, product(depth));
    while (peek() == '+' || peek() == '-') {
      const char op = text_[at_++];
      TRY_ASSIGN(const Rational right, product(depth));
      TRY_ASSIGN(value, operate(op, value, right));
    }
    return value;
  }

  Result<Rational> product(int depth) {
    TRY_ASSIGN(Rational value, factor(depth));
    while (peek() == '*' || peek() == '/') {
      const char op = text_[at_++];
      TRY_ASSIGN(const Rational right, factor(depth));
      TRY_ASSIGN(value, operate(op, value, right));
    }
    return value;
  }

  Result<Rational> factor(int depth) {
    if (peek() == '(') {
      if (depth >= kMaxDepth) return bad(cat("nests over ", kMaxDepth, " parentheses"));
      ++at_;
      TRY_ASSIGN(const Rational value, sum(depth + 1));
      if (peek() != ')') return bad(cat("lacks a ) at byte ", at_));
      ++at_;
      return value;
    }
    TRY_ASSIGN(const int64_t value, number());
    numbers_.push_back(value);
    return Rational{value, 1};
  }

  Result<int64_t> number() {
    peek();
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    const std::string_view digits = text_.substr(begin, at_ - begin);
    if (digits.empty()) return bad(cat("lacks a number at byte ", begin));
    if (digits.size() > 1 && digits[0] == '0') return bad(cat("has a leading zero at byte ", begin));
    if (digits.size() > 18) return bad(cat("has a number of ", digits.size(), " digits"));
    int64_t value = 0;
    for (char c : digits) value = value * 10 + (c - '0');
    return value;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<int64_t> numbers_;
};

std::string listed(const std::vector<int64_t>& numbers) {
  std::string out;
  for (int64_t n : numbers) cat_append(out, n), out += ' ';
  return out.empty() ? "none" : out.substr(0, out.size() - 1);
}

}  // namespace

Result<Expression> parse_expression(std::string_view text) { return Parser(text).whole(); }

Status check_countdown(std::string_view answer, std::span<const int64_t> numbers, Rational target) {
  TRY_ASSIGN(const Expression given, parse_expression(answer));
  std::vector<int64_t> used = given.numbers, wanted(numbers.begin(), numbers.end());
  std::sort(used.begin(), used.end());
  std::sort(wanted.begin(), wanted.end());
  if (used != wanted) return Error::invalid("expression", cat("uses ", listed(used), "; given ", listed(wanted)));
  if (given.value != target)
    return Error::invalid("expression", cat("is ", to_string(given.value), "; wanted ", to_string(target)));
  return {};
}

}  // namespace r1
