// A problem with a checkable answer, and what a grader says about a completion.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace r1 {

// How a given answer is compared with Problem::answer.
//   exact      the same text, runs of white space counted as one space
//   number     the same rational number (tasks/rational.h)
//   set        the same set of comma-separated items, in any order
//   countdown  an expression over exactly the numbers of the reference expression, with the same value
enum class Verifier : uint8_t { exact, number, set, countdown };

struct Problem {
  std::string task;      // "chain", "countdown", or the name of a user's dataset
  std::string prompt;    // the question as a user types it
  std::string answer;    // one right answer
  int level = 0;         // difficulty, by the task's own scale
  std::string language;  // "en", "zh", or "" where it is not known
  // The content alone: equal for two wordings, languages or orders of the same problem. The split hashes it.
  std::string canonical;
  Verifier verifier = Verifier::exact;
};

struct Verdict {
  bool correct = false;     // the extracted answer is right
  bool format = false;      // the whole completion is <think>..</think><answer>..</answer>, each tag once, in order
  bool has_answer = false;  // an answer could be extracted
  bool tagged = false;      // the completion opens an <answer>; if not, the text after the last "so" was taken
  std::string extracted;    // without surrounding white space; cut to 4096 bytes (a longer one is never correct)
};

enum class Split : uint8_t { train, heldout };

// One tenth of all problems, chosen by hash64 of the canonical content, is held out of the corpus, SFT and RL.
Split split_of(std::string_view canonical);
inline Split split_of(const Problem& problem) { return split_of(problem.canonical); }

}  // namespace r1
