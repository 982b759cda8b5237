// The quickstart's pretraining corpus: problem pages with solutions of mixed quality, fact pages, drills.
//
// The defaults are the study's corpus v8; a field marked (off) goes beyond it. Text form: words, numbers and operators
// stand after one space each, but for the first word of a page; tags stand without spaces:
//   prompt      compute 3 + 4 * 2 - 5
//   completion  <think> then 3 + 4 * 2 - 5 = 9 ok</think><answer> 9</answer>     or, untagged,     then ... ok so 9
// Pages without a prompt open in a way no problem does (a base that has seen drills open like problems answers problems
// with drills):
//   facts   check 7 + 5 = 12 - 3 = 9 check ...          drills   reach 20 with = 24 + 5 = 29 no - 5 = 19 no = ...
//   redo    then 2 + 2 + 5 = 8 wait 2 + 2 = 4 + 5 = 9 then ...
// Thread safety: all functions are pure.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "format/config_visitor.h"
#include "tasks/chain.h"
#include "tasks/countdown.h"
#include "tasks/problem.h"

namespace r1 {

struct CorpusConfig {
  // Kinds of page; the rest are problems.
  double fact_share = 0.11;
  double drill_share = 0.05;
  double redo_share = 0;  // (off) the study's v10 turned half of the facts into these
  int fact_lines = 7;
  double fact_chain_share = 0.5;  // the rest of the facts are like Countdown's equations
  int drill_lines = 7;
  double drill_hit_share = 0.4;
  int redo_lines = 4;

  // Problems.
  double chain_share = 0.5;  // the rest are Countdown
  double tag_share = 0.5;
  double chinese_question_share = 0.5;
  double same_language_share = 0.70, other_language_share = 0.12;  // of thoughts; the rest is mixed word by word
  // Shares of direct, plain and careful pages by the thought's language; mixed thoughts take the mean.
  std::array<double, 3> english_styles = {0.45, 0.33, 0.22};
  std::array<double, 3> chinese_styles = {0.35, 0.18, 0.47};
  int max_words = 170;  // a longer page is drawn anew; counted as word_count does, prompt included

  ChainConfig chain;
  ChainThoughts chain_thoughts;
  CountdownConfig countdown;
  CountdownThoughts countdown_thoughts;

  Status validate() const;  // names the field ("corpus.fact_share")
};
// The fields a recipe may set; validate() is the caller's.
void visit(ConfigVisitor& v, CorpusConfig& c);

enum class PageKind : uint8_t { problem, facts, drill, redo };

struct Document {
  std::string prompt;      // "" unless kind is problem
  std::string completion;  // everything the assistant writes; the end-of-text token is the trainer's
  PageKind kind = PageKind::problem;
  Style style = Style::direct;  // of a problem page
  Voice voice = Voice::english;
  Problem problem;  // of a problem page
};

// A page of facts or drills, in either language. REQUIRES: kind is not problem.
Document make_practice_page(const CorpusConfig& config, PageKind kind, Rng& rng);

// One page; its problem, if it has one, is of the train split. REQUIRES: a valid config.
Document make_document(const CorpusConfig& config, Rng& rng);

// Document i depends on (config, seed, i) only.
Document corpus_document(const CorpusConfig& config, uint64_t seed, uint64_t index);
std::vector<Document> make_corpus(const CorpusConfig& config, uint64_t seed, size_t count);

// Pages for supervised fine-tuning: right, tagged, careful, in the question's language, problems of the train split.
std::vector<Document> make_demonstrations(const CorpusConfig& config, uint64_t seed, size_t count);

// A chain or Countdown of either split, in the config's shares of tasks and languages.
Problem draw_problem(const CorpusConfig& config, Rng& rng);

// Words, numbers, operators and tags; a stand-in for tokens that needs no tokenizer.
size_t word_count(std::string_view text);

// Of the problem pages of one task and style.
struct PageStatistics {
  std::string task;
  Style style = Style::direct;
  size_t pages = 0, right = 0, tagged = 0;
  double mean_words = 0;  // of completions, plus one for the end of text
  double accuracy() const { return pages ? double(right) / double(pages) : 0; }
};
std::vector<PageStatistics> corpus_statistics(const std::vector<Document>& documents);

}  // namespace r1
