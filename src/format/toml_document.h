// A TOML text as a flat list: "optimizer.lr" -> value, "rewards.0.name" -> value.
//
// TOML 1.0 except that dates and times, and arrays that mix tables with other values, are refused. Our own parser: the
// toml++ of Debian 12 (3.3.0) stops the process on "[?" and is undefined on a line that begins with a letter like "e"
// acute.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace r1 {

struct TomlValue {
  struct EmptyTable {};
  std::variant<bool, int64_t, double, std::string, std::vector<TomlValue>, EmptyTable> data;
};

// A short picture for an error message: `"x"`, `3`, `an array of 2`, `a table`.
std::string describe_toml(const TomlValue& value);

struct TomlDocument {
  std::map<std::string, TomlValue> values;     // leaves by dotted path; a table without keys is a leaf too
  std::map<std::string, size_t> table_arrays;  // path of each array of tables, and its length
};

// Limits: 1 MiB of text, paths of 8 parts, keys of 64 bytes, 1000 tables in an array. Keys that are not bare appear in
// quotes. Errors read "WHERE: line 3, column 7: ...".
Result<TomlDocument> parse_toml(std::string_view text, std::string_view where);

// A TOML basic string with its quotes.
std::string toml_quote(std::string_view text);

}  // namespace r1
