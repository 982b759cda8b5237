#include "tasks/corpus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tasks/grade.h"
#include "tasks/words.h"

namespace r1 {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const bool tag = text[at] == '<';
    const size_t end = tag ? text.find('>', at) + 1 : std::min(text.find_first_of(" <", at), text.size());
    if (!tag && end > at) words.emplace_back(text.substr(at, end - at));
    at = end == at ? at + 1 : end;
  }
  return words;
}

const std::vector<Document>& sample() {
  static const std::vector<Document> documents = make_corpus(CorpusConfig{}, 1, 48000);
  return documents;
}

TEST(Corpus, DocumentDependsOnSeedAndIndexOnly) {
  const CorpusConfig config;
  const auto ten = make_corpus(config, 9, 10), five = make_corpus(config, 9, 5), other = make_corpus(config, 10, 5);
  int equal = 0;
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(ten[i].prompt, five[i].prompt);
    EXPECT_EQ(ten[i].completion, five[i].completion);
    EXPECT_EQ(corpus_document(config, 9, i).completion, ten[i].completion);
    equal += other[i].completion == five[i].completion;
  }
  EXPECT_LT(equal, 2);
}

TEST(Corpus, HoldsTheKindsOfPageInTheirShares) {
  std::map<PageKind, double> share;
  double tagged = 0, chinese = 0, chains = 0, problems = 0, mixed = 0, same = 0;
  for (const Document& page : sample()) {
    share[page.kind] += 1.0 / double(sample().size());
    if (page.kind != PageKind::problem) continue;
    ++problems;
    tagged += has_r1_format(page.completion);
    chinese += page.problem.language == "zh";
    chains += page.problem.task == "chain";
    mixed += page.voice == Voice::mixed;
    same += page.voice == (page.problem.language == "zh" ? Voice::chinese : Voice::english);
  }
  EXPECT_NEAR(share[PageKind::facts], 0.11, 0.005);
  EXPECT_NEAR(share[PageKind::drill], 0.05, 0.004);
  EXPECT_EQ(share.count(PageKind::redo), 0u);
  EXPECT_NEAR(tagged / problems, 0.5, 0.01);
  EXPECT_NEAR(chinese / problems, 0.5, 0.01);
  EXPECT_NEAR(chains / problems, 0.5, 0.01);
  EXPECT_NEAR(mixed / problems, 0.18, 0.01);
  EXPECT_NEAR(same / problems, 0.70, 0.01);
}

// The study's table: page accuracy by style, and mean answer lengths 4/20/28 and 8/29/57.
TEST(Corpus, PageAccuracyAndLengthAreTheStudys) {
  const std::map<std::pair<std::string, Style>, std::array<double, 3>> study = {
      {{"chain", Style::direct}, {50, 4, 1}},     {{"chain", Style::plain}, {61, 20, 1}},
      {{"chain", Style::careful}, {90, 28, 1}},   {{"countdown", Style::direct}, {14, 8, 1}},
      {{"countdown", Style::plain}, {59, 29, 3}}, {{"countdown", Style::careful}, {99, 57, 5}}};
  const auto rows = corpus_statistics(sample());
  ASSERT_EQ(rows.size(), 6u);
  for (const PageStatistics& row : rows) {
    const auto& [percent, words, slack] = study.at({row.task, row.style});
    EXPECT_NEAR(100 * row.accuracy(), percent, 3) << row.task << ' ' << kStyleNames[size_t(row.style)];
    EXPECT_NEAR(row.mean_words, words, slack) << row.task << ' ' << kStyleNames[size_t(row.style)];
    EXPECT_NEAR(double(row.tagged) / double(row.pages), 0.5, 0.02);
  }
}

TEST(Corpus, CarefulPagesAreCommonerInChineseThoughts) {
  std::map<Voice, std::array<double, 4>> count;
  for (const Document& page : sample())
    if (page.kind == PageKind::problem) ++count[page.voice][size_t(page.style)], ++count[page.voice][3];
  const auto share = [&](Voice voice, Style style) { return count[voice][size_t(style)] / count[voice][3]; };
  EXPECT_NEAR(share(Voice::english, Style::careful), 0.22, 0.02);
  EXPECT_NEAR(share(Voice::chinese, Style::careful), 0.47, 0.02);
  EXPECT_NEAR(share(Voice::mixed, Style::careful), 0.345, 0.02);
  EXPECT_NEAR(share(Voice::english, Style::direct), 0.45, 0.02);
}

TEST(Corpus, UsesOnlyItsVocabularyAndFitsTheSequence) {
  const auto listed = corpus_words();
  const std::set<std::string> vocabulary(listed.begin(), listed.end());
  for (const Document& page : sample()) {
    for (const std::string& word : words_of(page.prompt)) ASSERT_TRUE(vocabulary.contains(word)) << word;
    for (const std::string& word : words_of(page.completion)) ASSERT_TRUE(vocabulary.contains(word)) << word;
    ASSERT_LE(word_count(page.prompt) + word_count(page.completion), 170u);
  }
}

TEST(Corpus, TextHasOneSpaceBeforeEachPieceButTheFirst) {
  for (size_t i = 0; i < 2000; ++i) {
    const Document& page = sample()[i];
    const std::string all = page.prompt + page.completion;
    EXPECT_EQ(all.find("  "), std::string::npos) << all;
    EXPECT_NE(all.front(), ' ');
    EXPECT_NE(all.back(), ' ');
    if (page.kind == PageKind::problem) {
      EXPECT_TRUE(page.completion.starts_with(' ') || page.completion.starts_with("<think>")) << page.completion;
    }
  }
}

// A drill page must not open like a problem: the base would answer problems with drills.
TEST(Corpus, PracticePagesOpenInTheirOwnWay) {
  CorpusConfig config;
  config.redo_share = 0.1;
  std::map<PageKind, int> seen;
  for (const Document& page : make_corpus(config, 3, 5000)) {
    ++seen[page.kind];
    if (page.kind == PageKind::problem) {
      EXPECT_FALSE(page.prompt.empty());
      continue;
    }
    EXPECT_TRUE(page.prompt.empty());
    const auto words = words_of(page.completion);
    const std::string_view open = page.kind == PageKind::facts   ? "check 检查"
                                  : page.kind == PageKind::drill ? "reach 得到"
                                                                 : "then 然后";
    EXPECT_NE(open.find(words[0]), open.npos) << page.completion;
    if (page.kind == PageKind::drill) {
      EXPECT_EQ(words[3], "=");  // where a problem has its first number
    }
  }
  EXPECT_EQ(seen.size(), 4u);
}

// Every "v op b = x op c = y" run of practice pages is right arithmetic, left to right from its first number.
TEST(Corpus, FactsAndDrillsAreAlwaysRight) {
  int equations = 0, hits = 0, lines = 0;
  for (const Document& page : sample()) {
    if (page.kind == PageKind::problem) continue;
    const auto words = words_of(page.completion);
    const bool drill = page.kind == PageKind::drill;
    int start = 0;  // of a drill's line
    for (size_t i = 0; i + 4 < words.size(); ++i) {
      const auto number = [&](size_t at) { return std::stoi(words[at]); };
      if (drill && words[i] == "=" && std::isdigit(words[i + 1][0]) && words[i - 1].find_first_of("0123456789") != 0)
        start = number(i + 1), ++lines;
      if (words[i + 1] != "+" && words[i + 1] != "-" && words[i + 1] != "*") continue;
      const int left = std::isdigit(words[i][0]) ? number(i) : start, right = number(i + 2), value = number(i + 4);
      ASSERT_EQ(words[i + 3], "=") << page.completion;
      ASSERT_EQ(value, words[i + 1] == "+"   ? left + right
                       : words[i + 1] == "-" ? left - right
                                             : left * right)
          << page.completion;
      ++equations;
      if (!drill) continue;
      const bool hit = words[i + 5] == "yes" || words[i + 5] == "对";
      ASSERT_EQ(hit, words[i + 4] == words[1]) << page.completion;
      hits += hit;
    }
  }
  EXPECT_GT(equations, 50000);
  EXPECT_NEAR(double(hits) / lines, 0.4, 0.02);
}

// A fact is a solved chain of two operations, or a solved Countdown whose target is its result; a redo is a solved
// chain.
TEST(Corpus, PracticePagesGiveNoHeldOutProblemAway) {
  CorpusConfig config;
  config.redo_share = 0.2;
  const std::set<int> targets(config.countdown.targets.begin(), config.countdown.targets.end());
  int facts = 0, redos = 0;
  for (const Document& page : make_corpus(config, 2, 20000)) {
    const auto words = words_of(page.completion);
    bool clean_chains = true, clean_countdowns = true;
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] != words[0]) continue;
      if (page.kind == PageKind::facts) {  // check v op b = x op c = y
        ++facts;
        const auto number = [&](size_t at) { return std::stoi(words[i + at]); };
        const std::string chain =
            cat(words[i + 1], ' ', words[i + 2], ' ', words[i + 3], ' ', words[i + 6], ' ', words[i + 7]);
        if (split_of("chain " + chain) == Split::heldout) clean_chains = false;
        if (targets.contains(number(9)) &&
            split_of(countdown_canonical({number(1), number(3), number(7)}, number(9))) == Split::heldout)
          clean_countdowns = false;
      } else if (page.kind == PageKind::redo) {  // then v op b op c = ...
        ++redos;
        std::string chain = "chain";
        for (size_t j = i + 1; words[j] != "="; ++j) chain += " " + words[j];
        ASSERT_EQ(split_of(chain), Split::train) << chain;
      }
    }
    ASSERT_TRUE(clean_chains || clean_countdowns) << page.completion;
  }
  EXPECT_GT(facts, 10000);
  EXPECT_GT(redos, 10000);
}

TEST(Corpus, DemonstrationsAreRightCarefulTaggedAndInOneLanguage) {
  for (const Document& page : make_demonstrations(CorpusConfig{}, 4, 2000)) {
    const Verdict verdict = grade(page.problem, page.completion);
    ASSERT_TRUE(verdict.correct && verdict.format) << page.completion;
    ASSERT_EQ(page.style, Style::careful);
    ASSERT_EQ(page.voice, page.problem.language == "zh" ? Voice::chinese : Voice::english);
    ASSERT_EQ(split_of(page.problem), Split::train);
  }
}

TEST(CorpusConfig, NamesTheFieldItRefuses) {
  const auto where = [](auto change) {
    CorpusConfig c;
    change(c);
    const Status status = c.validate();
    return status.ok() ? std::string() : status.error().where;
  };
  EXPECT_EQ(where([](auto&) {}), "");
  EXPECT_EQ(where([](auto& c) { c.fact_share = -0.1; }), "corpus.fact_share");
  EXPECT_EQ(where([](auto& c) { c.fact_share = 0.9, c.drill_share = 0.2; }), "corpus.fact_share");
  EXPECT_EQ(where([](auto& c) { c.tag_share = NAN; }), "corpus.tag_share");
  EXPECT_EQ(where([](auto& c) { c.english_styles = {0.5, 0.5, 0.5}; }), "corpus.english_styles");
  EXPECT_EQ(where([](auto& c) { c.same_language_share = 0.9; }), "corpus.same_language_share");
  EXPECT_EQ(where([](auto& c) { c.fact_lines = 0; }), "corpus.fact_lines");
  EXPECT_EQ(where([](auto& c) { c.countdown_thoughts.max_branches = 0; }), "corpus.countdown_thoughts.max_branches");
  EXPECT_EQ(where([](auto& c) { c.chain.max_value = 0; }), "chain.max_value");
}

TEST(WordCount, CountsTagsAndPieces) {
  EXPECT_EQ(word_count(""), 0u);
  EXPECT_EQ(word_count("<think> then 2 + 2 = 4</think><answer> 4</answer>"), 11u);
  EXPECT_EQ(word_count(" so 9"), 2u);
}

}  // namespace
}  // namespace r1
