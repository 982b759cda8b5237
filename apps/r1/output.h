// Standard input and output, with errors as values.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace r1 {

// Results, to standard output; buffered until flush_output(), which also tells whether all of it could be written.
void print(std::string_view text);
Status flush_output();
bool stdout_is_terminal();
bool stdin_is_terminal();

// A line without its end, or nothing at the end of standard input. Error: longer than `limit` bytes.
Result<std::optional<std::string>> read_line(size_t limit);
// All of standard input. Error: longer than `limit` bytes.
Result<std::string> read_all(size_t limit);

// "1,2,3" as whole numbers from 0 to 2^31-1. Errors name the option and the item.
Result<std::vector<int>> parse_ids(std::string_view option, std::string_view text);

}  // namespace r1
