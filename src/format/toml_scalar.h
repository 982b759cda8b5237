// The values inside a TOML text that are neither array nor table (TOML 1.0, without dates and times).
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "format/toml_document.h"

namespace r1 {

// `true`, `-1_000`, `0x1F`, `6.6e-34`, `inf` into `out`; false if the token is none of them or its number does not fit.
bool parse_toml_plain(std::string_view token, TomlValue& out);

// The string that begins at `at` (a quote), of any of the four kinds; moves `at` past it, or to the fault.
// REQUIRES: the text is UTF-8 and its only control characters are tabs and line ends. The Error has no place.
Result<std::string> parse_toml_string(std::string_view text, size_t& at);

}  // namespace r1
