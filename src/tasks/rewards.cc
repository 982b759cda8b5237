#include "tasks/rewards.h"

#include <array>
#include <cmath>

#include "tasks/command_reward.h"
#include "tasks/grade.h"
#include "text/language.h"

namespace r1 {
namespace {

using Rule = std::optional<double> (*)(const Scored&);

std::optional<double> accuracy(const Scored& item) { return grade(*item.problem, item.completion).correct ? 1.0 : 0.0; }

std::optional<double> format(const Scored& item) { return has_r1_format(item.completion) ? 1.0 : 0.0; }

// A thought without words scores 0: else saying nothing would be the surest way to consistency.
std::optional<double> language(const Scored& item) {
  const std::string& code = item.problem->language;
  if (code != "en" && code != "zh") return std::nullopt;
  return language_share(thinking_of(item.completion), code == "en" ? Language::english : Language::chinese, 0.0);
}

struct BuiltIn {
  std::string_view name;
  Rule rule;
};
constexpr std::array kBuiltIns = {BuiltIn{"accuracy", accuracy}, BuiltIn{"format", format},
                                  BuiltIn{"language", language}};

class RuleReward final : public Reward {
 public:
  explicit RuleReward(const BuiltIn& built_in) : built_in_(built_in) {}
  std::string_view name() const override { return built_in_.name; }
  Result<Scores> score(std::span<const Scored> items) override {
    Scores scores;
    for (const Scored& item : items) scores.push_back(built_in_.rule(item));
    return scores;
  }

 private:
  const BuiltIn built_in_;
};

}  // namespace

Result<std::unique_ptr<Reward>> make_reward(const RewardSpec& spec) {
  if (spec.name.empty()) return Error::invalid("reward.name", "is empty");
  if (!std::isfinite(spec.weight))
    return Error::invalid("reward.weight", cat("is ", spec.weight, "; expected a finite number"));
  if (!spec.command.empty()) {
    if (!(spec.timeout_seconds > 0 && spec.timeout_seconds <= 86400))
      return Error::invalid("reward.timeout_seconds", cat("is ", spec.timeout_seconds, "; expected 0 to 86400"));
    const ShellLimits limits{.seconds = spec.timeout_seconds};
    return std::unique_ptr<Reward>(std::make_unique<CommandReward>(spec.name, spec.command, limits));
  }
  for (const BuiltIn& built_in : kBuiltIns)
    if (built_in.name == spec.name) return std::unique_ptr<Reward>(std::make_unique<RuleReward>(built_in));
  return Error::invalid("reward.name",
                        cat("is \"", spec.name, "\"; expected accuracy, format or language, or a command of your own"));
}

}  // namespace r1
