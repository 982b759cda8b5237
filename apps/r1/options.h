// Options that several commands share.
#pragma once
#include <cstdint>

#include "chat/session.h"

namespace CLI {
class App;
}

namespace r1 {

// --seed: any whole number of 64 bits without a sign.
void add_seed_option(CLI::App& command, uint64_t& seed, const char* help);
// --temperature, --seed, --max-tokens.
void add_answer_options(CLI::App& command, AnswerOptions& options);

}  // namespace r1
