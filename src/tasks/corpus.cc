#include "tasks/corpus.h"

#include <algorithm>
#include <numeric>

#include "tasks/grade.h"

namespace r1 {
namespace {

constexpr uint64_t kPageStream = 0x70616765, kDemonstrationStream = 0x64656D6F;

Rng page_rng(uint64_t seed, uint64_t kind, uint64_t index) { return {seed, mix64(mix64(kind) + index), 0}; }

template <class Draw, class ToProblem>
auto draw_train_item(Draw draw, ToProblem to_problem) {
  for (;;)
    if (auto item = draw(); split_of(to_problem(item)) == Split::train) return item;
}

Language draw_language(const CorpusConfig& config, Rng& rng) {
  return rng.chance(config.chinese_question_share) ? Language::chinese : Language::english;
}

Voice draw_voice(const CorpusConfig& config, Language question, Rng& rng) {
  const double draw = rng.uniform();
  if (draw >= config.same_language_share + config.other_language_share) return Voice::mixed;
  const bool english = (draw < config.same_language_share) == (question == Language::english);
  return english ? Voice::english : Voice::chinese;
}

Style draw_style(const CorpusConfig& config, Voice voice, Rng& rng) {
  double draw = rng.uniform();
  for (Style style : kStyles) {
    const double english = config.english_styles[size_t(style)], chinese = config.chinese_styles[size_t(style)];
    const double share = voice == Voice::english   ? english
                         : voice == Voice::chinese ? chinese
                                                   : (english + chinese) / 2;
    if (draw < share) return style;
    draw -= share;
  }
  return Style::careful;
}

struct Choice {
  Language question;
  Voice voice;
  Style style;
  bool tagged;
};

std::string completion_of(const Solution& solution, const Choice& choice, Rng& rng) {
  if (choice.tagged) return cat("<think>", solution.thought, "</think><answer> ", solution.answer, "</answer>");
  Pen pen(choice.voice, rng);
  pen << Word::so;
  return cat(solution.thought, pen.take(), ' ', solution.answer);
}

Document problem_page(const CorpusConfig& config, const Choice& choice, Rng& rng) {
  Document page;
  page.style = choice.style;
  page.voice = choice.voice;
  Solution solution;
  if (rng.chance(config.chain_share)) {
    const auto to_problem = [&](const Chain& c) { return chain_problem(c, choice.question); };
    const Chain chain = draw_train_item([&] { return draw_chain(config.chain, rng); }, to_problem);
    page.problem = to_problem(chain);
    solution = solve_chain(chain, choice.style, choice.voice, config.chain_thoughts, rng);
  } else {
    const int max_value = config.countdown.max_value;
    const auto to_problem = [&](const Countdown& c) { return countdown_problem(c, max_value, choice.question); };
    const Countdown item = draw_train_item([&] { return draw_countdown(config.countdown, rng); }, to_problem);
    page.problem = to_problem(item);
    solution = solve_countdown(item, max_value, choice.style, choice.voice, config.countdown_thoughts, rng);
  }
  page.prompt = page.problem.prompt;
  page.completion = completion_of(solution, choice, rng);
  return page;
}

// The last resort against pages that will not fit: the problem's answer alone is short.
Document problem_page_that_fits(const CorpusConfig& config, Choice choice, Rng& rng) {
  for (int attempt = 0;; ++attempt) {
    if (attempt == 100) choice.style = Style::direct;
    Document page = problem_page(config, choice, rng);
    if (attempt > 100 || word_count(page.prompt) + word_count(page.completion) <= size_t(config.max_words)) return page;
  }
}

}  // namespace

Document make_document(const CorpusConfig& config, Rng& rng) {
  double draw = rng.uniform();
  for (const auto& [kind, share] :
       {std::pair{PageKind::facts, config.fact_share}, std::pair{PageKind::drill, config.drill_share},
        std::pair{PageKind::redo, config.redo_share}}) {
    if (draw < share) return make_practice_page(config, kind, rng);
    draw -= share;
  }
  Choice choice;
  choice.question = draw_language(config, rng);
  choice.voice = draw_voice(config, choice.question, rng);
  choice.style = draw_style(config, choice.voice, rng);
  choice.tagged = rng.chance(config.tag_share);
  return problem_page_that_fits(config, choice, rng);
}

Document corpus_document(const CorpusConfig& config, uint64_t seed, uint64_t index) {
  Rng rng = page_rng(seed, kPageStream, index);
  return make_document(config, rng);
}

std::vector<Document> make_corpus(const CorpusConfig& config, uint64_t seed, size_t count) {
  std::vector<Document> documents;
  documents.reserve(count);
  for (size_t i = 0; i < count; ++i) documents.push_back(corpus_document(config, seed, i));
  return documents;
}

std::vector<Document> make_demonstrations(const CorpusConfig& config, uint64_t seed, size_t count) {
  std::vector<Document> documents;
  documents.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    Rng rng = page_rng(seed, kDemonstrationStream, i);
    const Language question = draw_language(config, rng);
    const Voice voice = question == Language::english ? Voice::english : Voice::chinese;
    Document page;
    do page = problem_page_that_fits(config, {question, voice, Style::careful, true}, rng);
    while (!grade(page.problem, page.completion).correct);
    documents.push_back(std::move(page));
  }
  return documents;
}

Problem draw_problem(const CorpusConfig& config, Rng& rng) {
  const Language language = draw_language(config, rng);
  if (rng.chance(config.chain_share)) return chain_problem(draw_chain(config.chain, rng), language);
  return countdown_problem(draw_countdown(config.countdown, rng), config.countdown.max_value, language);
}

size_t word_count(std::string_view text) {
  size_t words = 0;
  bool inside = false, tag = false;
  for (char c : text) {
    if (c == '<') ++words, tag = true, inside = false;
    if (!tag && c != ' ' && !inside) ++words;
    inside = !tag && c != ' ';
    if (c == '>') tag = false;
  }
  return words;
}

std::vector<PageStatistics> corpus_statistics(const std::vector<Document>& documents) {
  std::vector<PageStatistics> rows;
  for (std::string_view task : {"chain", "countdown"})
    for (Style style : kStyles) rows.push_back({.task = std::string(task), .style = style});
  for (const Document& page : documents) {
    if (page.kind != PageKind::problem) continue;
    for (PageStatistics& row : rows) {
      if (row.task != page.problem.task || row.style != page.style) continue;
      const Verdict verdict = grade(page.problem, page.completion);
      ++row.pages;
      row.right += verdict.correct;
      row.tagged += verdict.tagged;
      row.mean_words += double(word_count(page.completion) + 1);
    }
  }
  for (PageStatistics& row : rows)
    if (row.pages) row.mean_words /= double(row.pages);
  return rows;
}

}  // namespace r1
