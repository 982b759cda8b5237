#include <algorithm>
#include <cmath>
#include <utility>

#include "tasks/corpus.h"

namespace r1 {
namespace {

Error bad(std::string_view field, double value, std::string_view expected) {
  return Error::invalid(cat("corpus.", field), cat("is ", value, "; expected ", expected));
}

using Shares = std::initializer_list<std::pair<std::string_view, double>>;

Status check_shares(Shares shares) {
  for (const auto& [field, share] : shares)
    if (!(share >= 0 && share <= 1)) return bad(field, share, "0 to 1");
  return {};
}

Status check_counts(std::initializer_list<std::pair<std::string_view, int>> counts) {
  for (const auto& [field, count] : counts)
    if (count < 1 || count > 1000) return bad(field, count, "1 to 1000");
  return {};
}

Status check_styles(std::string_view field, const std::array<double, 3>& shares) {
  double sum = 0;
  for (double share : shares) {
    if (!(share >= 0 && share <= 1)) return bad(field, share, "shares from 0 to 1");
    sum += share;
  }
  if (std::abs(sum - 1) > 1e-6) return bad(field, sum, "a sum of 1 (direct, plain, careful)");
  return {};
}

}  // namespace

Status CorpusConfig::validate() const {
  TRY(check_shares({{"fact_share", fact_share},
                    {"drill_share", drill_share},
                    {"redo_share", redo_share},
                    {"fact_chain_share", fact_chain_share},
                    {"drill_hit_share", drill_hit_share},
                    {"chain_share", chain_share},
                    {"tag_share", tag_share},
                    {"chinese_question_share", chinese_question_share},
                    {"same_language_share", same_language_share},
                    {"other_language_share", other_language_share},
                    {"chain_thoughts.jump_wrong", chain_thoughts.jump_wrong},
                    {"chain_thoughts.wait_if_wrong", chain_thoughts.wait_if_wrong},
                    {"chain_thoughts.wait_if_right", chain_thoughts.wait_if_right},
                    {"chain_thoughts.redo_wrong", chain_thoughts.redo_wrong},
                    {"chain_thoughts.direct_right", chain_thoughts.direct_right},
                    {"countdown_thoughts.equation_wrong", countdown_thoughts.equation_wrong},
                    {"countdown_thoughts.direct_right", countdown_thoughts.direct_right},
                    {"countdown_thoughts.guess_right", countdown_thoughts.guess_right},
                    {"countdown_thoughts.plain_false_yes", countdown_thoughts.plain_false_yes},
                    {"countdown_thoughts.careful_false_yes", countdown_thoughts.careful_false_yes}}));
  if (fact_share + drill_share + redo_share > 1)
    return bad("fact_share", fact_share + drill_share + redo_share,
               "at most 1 together with drill_share and redo_share");
  if (same_language_share + other_language_share > 1 + 1e-9)
    return bad("same_language_share", same_language_share + other_language_share,
               "at most 1 together with other_language_share");
  TRY(check_counts({{"fact_lines", fact_lines},
                    {"drill_lines", drill_lines},
                    {"redo_lines", redo_lines},
                    {"chain_thoughts.jump_wrong_by", chain_thoughts.jump_wrong_by},
                    {"countdown_thoughts.equation_wrong_by", countdown_thoughts.equation_wrong_by},
                    {"countdown_thoughts.min_branches", countdown_thoughts.min_branches},
                    {"countdown_thoughts.max_branches", countdown_thoughts.max_branches}}));
  if (countdown_thoughts.max_branches < countdown_thoughts.min_branches)
    return bad("countdown_thoughts.max_branches", countdown_thoughts.max_branches, "at least min_branches");
  if (max_words < 40) return bad("max_words", max_words, "at least 40");
  TRY(check_styles("english_styles", english_styles));
  TRY(check_styles("chinese_styles", chinese_styles));
  TRY(chain.validate());
  TRY(countdown.validate());

  // Pages draw until they meet a problem of the train split, so there must be some.
  Rng rng{0, hash64("corpus probe")};
  bool chains = false, countdowns = false;
  for (int i = 0; i < 200; ++i) {
    chains = chains || split_of(chain_problem(draw_chain(chain, rng), Language::english)) == Split::train;
    countdowns = countdowns || split_of(countdown_problem(draw_countdown(countdown, rng), countdown.max_value,
                                                          Language::english)) == Split::train;
  }
  if (!chains) return Error::invalid("corpus.chain", "leaves no problem outside the held-out tenth; widen its ranges");
  if (!countdowns)
    return Error::invalid("corpus.countdown", "leaves no problem outside the held-out tenth; widen its ranges");
  return {};
}

namespace {

void visit_shares(ConfigVisitor& v, std::string_view key, std::array<double, 3>& shares) {
  std::vector<double> list(shares.begin(), shares.end());
  v.field(key, list);
  v.require(list.size() == shares.size(), key, cat("has ", list.size(), " numbers; expected 3: direct, plain, careful"));
  if (list.size() == shares.size()) std::copy(list.begin(), list.end(), shares.begin());
}

}  // namespace

void visit(ConfigVisitor& v, CorpusConfig& c) {
  v.field("fact_share", c.fact_share);
  v.field("drill_share", c.drill_share);
  v.field("redo_share", c.redo_share);
  v.field("fact_lines", c.fact_lines);
  v.field("drill_lines", c.drill_lines);
  v.field("redo_lines", c.redo_lines);
  v.field("chain_share", c.chain_share);
  v.field("tag_share", c.tag_share);
  v.field("chinese_question_share", c.chinese_question_share);
  v.field("same_language_share", c.same_language_share);
  v.field("other_language_share", c.other_language_share);
  visit_shares(v, "english_styles", c.english_styles);
  visit_shares(v, "chinese_styles", c.chinese_styles);
  v.field("direct_right", c.chain_thoughts.direct_right);
  v.field("jump_wrong", c.chain_thoughts.jump_wrong);
  v.field("wait_if_wrong", c.chain_thoughts.wait_if_wrong);
  v.field("wait_if_right", c.chain_thoughts.wait_if_right);
  v.field("countdown_equation_wrong", c.countdown_thoughts.equation_wrong);
  v.field("careful_false_yes", c.countdown_thoughts.careful_false_yes);
}

}  // namespace r1
