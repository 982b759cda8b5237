// JSON in: parsing with limits, and typed access whose errors name the file, the field, the value and the expectation.
//
// This header includes nlohmann/json.hpp, which is heavy: include it from .cc files only.
// No function here throws, whatever the input. Thread safety: no state.
#pragma once
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"

namespace r1 {

// A parsed document takes up to about 40 bytes of memory a byte of text, so the text's limit bounds memory too.
struct JsonLimits {
  size_t max_bytes = size_t(64) << 20;
  size_t max_depth = 200;
  bool refuse_duplicate_keys = false;  // else the last one wins, as in Python
};

// `where` names the source in errors: "config.json: line 3, column 7: ...". Object keys come out sorted.
Result<nlohmann::json> parse_json(std::string_view text, std::string_view where, const JsonLimits& limits = {});

// The document as text; indent < 0 puts it on one line. Never fails: invalid UTF-8 becomes U+FFFD, NaN becomes null,
// and a double is the shortest text that reads back the same. REQUIRES: depth as parse_json allows by default.
std::string dump_json(const nlohmann::json& value, int indent = -1);

// A short picture of a value for an error message: `"x"`, `-3`, `an array of 4`.
std::string describe_json(const nlohmann::json& value);

// The conversions. `where` is complete: file and field. An integer is never taken from a number with a point.
Result<int64_t> json_as_int64(const nlohmann::json& value, std::string_view where);
Result<uint64_t> json_as_uint64(const nlohmann::json& value, std::string_view where);
Result<double> json_as_double(const nlohmann::json& value, std::string_view where);  // integers are taken too
Result<bool> json_as_bool(const nlohmann::json& value, std::string_view where);
Result<std::string> json_as_string(const nlohmann::json& value, std::string_view where);
Status expect_json_array(const nlohmann::json& value, std::string_view where);
Status expect_json_object(const nlohmann::json& value, std::string_view where);

namespace json_detail {
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
Error out_of_range(const nlohmann::json& value, std::string_view where, int64_t low, uint64_t high);
}  // namespace json_detail

// T: bool, any integer (with its range checked), float, double, std::string, or a std::vector of these.
template <class T>
Result<T> json_as(const nlohmann::json& value, std::string_view where) {
  if constexpr (json_detail::IsVector<T>::value) {
    TRY(expect_json_array(value, where));
    T items;
    items.reserve(value.size());
    for (const auto& item : value) {
      auto converted = json_as<typename T::value_type>(item, where);
      if (!converted.ok())  // once more, for the message alone: it names the place only when there is something to say
        return json_as<typename T::value_type>(item, cat(where, "[", items.size(), "]")).error();
      items.push_back(std::move(converted).value());
    }
    return items;
  } else if constexpr (std::is_same_v<T, bool>) {
    return json_as_bool(value, where);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return json_as_string(value, where);
  } else if constexpr (std::is_floating_point_v<T>) {
    TRY_ASSIGN(const double number, json_as_double(value, where));
    return T(number);
  } else if constexpr (std::is_unsigned_v<T>) {
    TRY_ASSIGN(const uint64_t number, json_as_uint64(value, where));
    if (number > std::numeric_limits<T>::max())
      return json_detail::out_of_range(value, where, 0, std::numeric_limits<T>::max());
    return T(number);
  } else {
    static_assert(std::is_integral_v<T>);
    TRY_ASSIGN(const int64_t number, json_as_int64(value, where));
    if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max())
      return json_detail::out_of_range(value, where, std::numeric_limits<T>::min(),
                                       uint64_t(std::numeric_limits<T>::max()));
    return T(number);
  }
}

// The member `key` of an object, or an error where "WHERE: KEY" is missing.
Result<const nlohmann::json*> json_member(const nlohmann::json& object, std::string_view where, std::string_view key);
// The same, but null where it is missing or is JSON's null.
Result<const nlohmann::json*> json_member_or_null(const nlohmann::json& object, std::string_view where,
                                                  std::string_view key);
// Members that must be an object or an array.
Result<const nlohmann::json*> json_object(const nlohmann::json& object, std::string_view where, std::string_view key);
Result<const nlohmann::json*> json_array(const nlohmann::json& object, std::string_view where, std::string_view key);

// json_get<int64_t>(doc, "config.json", "hidden_size"): `config.json: hidden_size: is "x"; expected an integer`.
template <class T>
Result<T> json_get(const nlohmann::json& object, std::string_view where, std::string_view key) {
  TRY_ASSIGN(const nlohmann::json* member, json_member(object, where, key));
  return json_as<T>(*member, cat(where, ": ", key));
}

// `fallback` where the member is missing or null; a member of the wrong type is still an error.
template <class T>
Result<T> json_get_or(const nlohmann::json& object, std::string_view where, std::string_view key,
                      std::type_identity_t<T> fallback) {
  TRY_ASSIGN(const nlohmann::json* member, json_member_or_null(object, where, key));
  if (member == nullptr) return fallback;
  return json_as<T>(*member, cat(where, ": ", key));
}

}  // namespace r1
