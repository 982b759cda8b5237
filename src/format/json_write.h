// The pieces of JSON text, for writers that need no tree. Output is valid JSON in UTF-8, the same on every machine.
#pragma once
#include <string>
#include <string_view>

namespace r1 {

// A quoted JSON string. Bytes that are not UTF-8 become U+FFFD, one each.
void append_json_string(std::string& out, std::string_view text);
std::string json_quote(std::string_view text);

// For error messages: quoted, and cut after 60 bytes with "..." behind.
std::string json_quote_start(std::string_view text);
// A stranger's name for an error message: as it is if plain and short, else as json_quote_start.
std::string show_name(std::string_view name);

// The shortest text that reads back as the same double, always with a point or exponent ("1.0", "1e-05").
// JSON has no NaN or infinity: they become null.
void append_json_number(std::string& out, double value);

}  // namespace r1
