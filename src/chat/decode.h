// Text of tokens a model drew.
#pragma once
#include <span>
#include <string>

#include "text/tokenizer.h"

namespace r1 {

// The bytes of all tokens, markers included. An id the tokenizer does not use (a padded vocabulary has some) is U+FFFD.
std::string text_of_tokens(const Tokenizer& tokenizer, std::span<const int> ids);

// What a model wrote, as graders read it: without the stop token that ended it.
std::string completion_text(const Tokenizer& tokenizer, std::span<const int> tokens, bool stopped);

}  // namespace r1
