// Errors as values: Result<T> holds a T or an Error; Status is a Result without a value.
//
// An Error says where (a file, or a config field), what was found, and what was expected. Input of any kind ends
// in an Error; a CHECK is for our own mistakes only and stops the process.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/cat.h"

namespace r1 {

enum class ErrorKind { invalid, corrupt, io, usage, interrupted, resource };

struct Error {
  ErrorKind kind = ErrorKind::invalid;
  std::string where;    // a path, a field, or both: "config.json: num_heads"
  std::string message;  // "is 0; expected at least 1"

  std::string text() const { return where.empty() ? message : where + ": " + message; }

  static Error invalid(std::string where, std::string message) {
    return {ErrorKind::invalid, std::move(where), std::move(message)};
  }
  static Error corrupt(std::string where, std::string message) {
    return {ErrorKind::corrupt, std::move(where), std::move(message)};
  }
  static Error io(std::string where, std::string message) {
    return {ErrorKind::io, std::move(where), std::move(message)};
  }
  static Error usage(std::string where, std::string message) {
    return {ErrorKind::usage, std::move(where), std::move(message)};
  }
  static Error resource(std::string where, std::string message) {
    return {ErrorKind::resource, std::move(where), std::move(message)};
  }
  static Error interrupted() { return {ErrorKind::interrupted, "", "stopped by Ctrl-C"}; }

  // The same error, seen from one level further out.
  Error within(std::string_view outer) const {
    Error e = *this;
    e.where = e.where.empty() ? std::string(outer) : cat(outer, ": ", e.where);
    return e;
  }
};

[[noreturn]] void check_failed(const char* file, int line, const char* condition);
#define CHECK(condition)                                                  \
  do {                                                                    \
    if (!(condition)) ::r1::check_failed(__FILE__, __LINE__, #condition); \
  } while (0)

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & {
    CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(ok());
    return std::get<0>(state_);
  }
  T value() && {
    CHECK(ok());
    return std::move(std::get<0>(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const {
    CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const {
    CHECK(!ok_);
    return error_;
  }

 private:
  Error error_;
  bool ok_ = true;
};

using Status = Result<void>;

#define R1_CONCAT_(a, b) a##b
#define R1_CONCAT(a, b) R1_CONCAT_(a, b)
// Returns the error of `expr` from the enclosing function, if it has one.
#define TRY(expr)                                                              \
  do {                                                                         \
    if (auto try_status = (expr); !try_status.ok()) return try_status.error(); \
  } while (0)
// TRY_ASSIGN(auto x, f()): declares x from f()'s value, or returns f()'s error.
#define TRY_ASSIGN(declaration, expr)                                                          \
  auto R1_CONCAT(try_result_, __LINE__) = (expr);                                              \
  if (!R1_CONCAT(try_result_, __LINE__).ok()) return R1_CONCAT(try_result_, __LINE__).error(); \
  declaration = std::move(R1_CONCAT(try_result_, __LINE__)).value()

}  // namespace r1
