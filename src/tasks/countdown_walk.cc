// The depth-first walk of tasks/countdown.h, as a writer of thoughts.
#include <algorithm>
#include <optional>

#include "tasks/countdown.h"
#include "tasks/rational.h"

namespace r1 {
namespace {

class Walk {
 public:
  Walk(const Countdown& item, int max_value, Style style, Voice voice, const CountdownThoughts& thoughts, Rng& rng)
      : item_(item),
        max_value_(max_value),
        careful_(style == Style::careful),
        thoughts_(thoughts),
        rng_(rng),
        pen_(voice, rng),
        branches_(countdown_branches(item, max_value)) {}

  Solution write() {
    size_t budget = branches_.size();
    if (!careful_) budget = std::min(budget, size_t(rng_.integer(thoughts_.min_branches, thoughts_.max_branches)));
    const size_t start = size_t(rng_.integer(0, int64_t(branches_.size()) - 1));
    for (size_t i = 0; i < budget; ++i)
      if (auto answer = visit(branches_[(start + i) % branches_.size()])) return {pen_.take(), *answer};
    return {pen_.take(), guess(thoughts_.guess_right)};
  }

  // One of the lines that can be written, a solution with the given probability.
  std::string guess(double right) {
    std::vector<std::string> hits, misses;
    for (const auto& branch : branches_)
      for (char second : {'+', '-'}) {
        const int value = apply_whole(second, branch.value, branch.unused);
        if (in_range(value)) (value == item_.target ? hits : misses).push_back(countdown_line(branch, second));
      }
    const auto& lines = misses.empty() || (!hits.empty() && rng_.chance(right)) ? hits : misses;
    return lines[size_t(rng_.integer(0, int64_t(lines.size()) - 1))];
  }

 private:
  bool in_range(int value) const { return value >= 0 && value <= max_value_; }
  bool goes_on(int value, int unused) const {
    return in_range(value) && (in_range(value + unused) || in_range(value - unused));
  }

  // The value as the thought states it: now and then off, but still one that can be written.
  template <class Allowed>
  int stated(int value, Allowed allowed) {
    if (!rng_.chance(thoughts_.equation_wrong)) return value;
    std::vector<int> choices;
    for (int d = 1; d <= thoughts_.equation_wrong_by; ++d)
      for (int near : {value - d, value + d})
        if (allowed(near)) choices.push_back(near);
    return choices.empty() ? value : choices[size_t(rng_.integer(0, int64_t(choices.size()) - 1))];
  }

  // The answer, if this branch is taken for one.
  std::optional<std::string> visit(const CountdownBranch& branch) {
    pen_ << Word::try_;
    if (thoughts_.unused_first) pen_ << branch.unused;
    const int first = stated(branch.value, [&](int v) { return goes_on(v, branch.unused); });
    pen_ << branch.left << branch.op << branch.right << '=' << first;
    for (char second : {'+', '-'}) {
      const int value = apply_whole(second, first, branch.unused);
      if (!in_range(value)) continue;
      const int result = stated(value, [&](int v) { return in_range(v); });
      pen_ << second << branch.unused << '=' << result;
      const double false_yes = careful_ ? thoughts_.careful_false_yes : thoughts_.plain_false_yes;
      if (result != item_.target && !rng_.chance(false_yes)) {
        pen_ << Word::no;
        continue;
      }
      pen_ << Word::yes;
      if (!careful_ || check(branch, second)) return countdown_line(branch, second);
    }
    return std::nullopt;
  }

  // Does the line over again without an error. A value that cannot be written ends it early, as a failure.
  bool check(const CountdownBranch& branch, char second) {
    pen_ << Word::check << branch.left << branch.op << branch.right << '=' << branch.value;
    const int value = apply_whole(second, branch.value, branch.unused);
    if (in_range(value)) pen_ << second << branch.unused << '=' << value;
    if (value == item_.target) {
      pen_ << Word::ok;
      return true;
    }
    pen_ << Word::wait << Word::no;
    return false;
  }

  const Countdown& item_;
  const int max_value_;
  const bool careful_;
  const CountdownThoughts& thoughts_;
  Rng& rng_;
  Pen pen_;
  const std::vector<CountdownBranch> branches_;
};

}  // namespace

Solution solve_countdown(const Countdown& item, int max_value, Style style, Voice voice,
                         const CountdownThoughts& thoughts, Rng& rng) {
  Walk walk(item, max_value, style, voice, thoughts, rng);
  if (style == Style::direct) return {"", walk.guess(thoughts.direct_right)};
  return walk.write();
}

}  // namespace r1
