// Runs a user's command on some input and takes what it prints. For commands that may die, hang, print without end or
// never read: each ends in an Error, with the whole process group killed and no zombie left.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace r1 {

struct ShellLimits {
  double seconds = 60;                   // from start to exit
  size_t max_output = 16 * 1024 * 1024;  // bytes of standard output
};

// /bin/sh -c COMMAND in a process group of its own; standard error stays ours. The result is its standard output once
// it has exited with status 0; what its children still hold open is not waited for. Not all input need be read.
// The Error's where is "command `COMMAND`". Thread-safe; signals of the process are left alone.
Result<std::string> run_shell(const std::string& command, std::string_view input, const ShellLimits& limits);

}  // namespace r1
