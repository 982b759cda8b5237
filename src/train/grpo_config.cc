#include <set>

#include "train/grpo.h"

namespace r1 {
namespace {

constexpr std::array<EnumName<EqualGroups>, 3> kEqualGroups{
    {{EqualGroups::keep, "keep"}, {EqualGroups::drop, "drop"}, {EqualGroups::resample, "resample"}}};
constexpr std::array<EnumName<PromptStyle>, 2> kPromptStyles{
    {{PromptStyle::chat, "chat"}, {PromptStyle::r1_zero, "r1_zero"}}};
constexpr std::array<EnumName<AdvantageNorm>, 2> kAdvantages{
    {{AdvantageNorm::group_std, "group_std"}, {AdvantageNorm::none, "none"}}};
constexpr std::array<EnumName<LossAggregation>, 3> kAggregations{{{LossAggregation::sequence_mean, "sequence_mean"},
                                                                  {LossAggregation::token_mean, "token_mean"},
                                                                  {LossAggregation::constant, "constant"}}};

}  // namespace

void visit(ConfigVisitor& v, GrpoRewardConfig& c) {
  v.field("name", c.name);
  v.field("weight", c.weight);
  v.field("command", c.command);
  v.field("timeout_seconds", c.timeout_seconds, above(0));
}

void visit(ConfigVisitor& v, GrpoConfig& c) {
  v.field("seed", c.seed);
  v.field("steps", c.steps, at_least(1));
  v.field("task", c.task);
  v.field("prompt", c.prompt, kPromptStyles);
  v.section("model", c.model);
  v.field("prompts_per_step", c.prompts_per_step, at_least(1));
  v.field("group_size", c.group_size, at_least(1) && at_most(1 << 20));
  v.field("max_new_tokens", c.max_new_tokens, at_least(1));
  v.field("temperature", c.temperature, above(0));
  v.field("banned_words", c.banned_words);
  v.field("mini_batches", c.mini_batches, at_least(1));
  v.field("epochs", c.epochs, at_least(1));
  v.field("micro_batch_tokens", c.micro_batch_tokens, at_least(1));
  v.field("equal_groups", c.equal_groups, kEqualGroups);
  v.field("mask_truncated", c.mask_truncated);
  v.field("epsilon_low", c.formula.epsilon_low, above(0));
  v.field("epsilon_high", c.formula.epsilon_high, above(0));
  v.field("beta", c.formula.beta, at_least(0));
  v.field("advantage", c.formula.advantage, kAdvantages);
  v.field("std_guard", c.formula.std_guard, at_least(0));
  v.field("aggregation", c.formula.aggregation, kAggregations);
  v.field("constant_length", c.formula.constant_length, at_least(0));
  v.field("reference_every", c.reference_every, at_least(1));
  v.tables("rewards", c.rewards);
  v.section("optimizer", c.optimizer);
  v.field("route_bias_speed", c.route_bias_speed, at_least(0));
  v.field("max_running", c.max_running, at_least(1));
  v.field("eval_every", c.eval_every, at_least(0));
  v.field("checkpoint_every", c.checkpoint_every, at_least(1));
  v.field("samples_kept", c.samples_kept, at_least(0));
  v.require(c.group_size >= 2 || c.formula.advantage == AdvantageNorm::none, "group_size",
            "is 1; expected at least 2 with advantage = \"group_std\"");
  v.require(c.mini_batches <= c.prompts_per_step * c.group_size, "mini_batches",
            cat("is ", c.mini_batches, ", more than the ", c.prompts_per_step * c.group_size, " samples of a step"));
  v.require(!c.rewards.empty(), "rewards", "is empty; expected at least one [[rewards]]");
  std::set<std::string> names;
  for (const GrpoRewardConfig& r : c.rewards)
    v.require(names.insert(r.name).second, "rewards",
              cat("has two of the name \"", r.name, "\"; expected different names"));
}

}  // namespace r1
