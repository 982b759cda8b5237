#include "format/toml_config.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace r1 {
namespace {

enum class Kind { adamw, muon };
constexpr std::array kKinds = {EnumName<Kind>{Kind::adamw, "adamw"}, EnumName<Kind>{Kind::muon, "muon"}};

struct OptimizerConfig {
  Kind kind = Kind::adamw;
  double lr = 1e-3;
  float beta2 = 0.95f;
  std::vector<double> schedule = {1, 0.5};
};
void visit(ConfigVisitor& v, OptimizerConfig& c) {
  v.field("kind", c.kind, kKinds);
  v.field("lr", c.lr, above(0));
  v.field("beta2", c.beta2, at_least(0) && below(1));
  v.field("schedule", c.schedule);
}

struct RewardConfig {
  std::string name = "accuracy";
  double weight = 1;
};
void visit(ConfigVisitor& v, RewardConfig& c) {
  v.field("name", c.name);
  v.field("weight", c.weight);
}

struct TrainConfig {
  uint64_t seed = 1;
  uint32_t steps = 100;
  int32_t offset = -1;
  bool shuffle = true;
  std::string task = "chain";
  std::string mode = "fast";
  std::vector<std::string> tags;
  OptimizerConfig optimizer;
  std::vector<int64_t> sizes;
  std::vector<RewardConfig> rewards = {{}, {"format", 0.5}};
};
void visit(ConfigVisitor& v, TrainConfig& c) {
  v.field("seed", c.seed);
  v.field("steps", c.steps, at_least(1));
  v.field("offset", c.offset, above(-5) && at_most(5));
  v.field("shuffle", c.shuffle);
  v.section("optimizer", c.optimizer);
  v.field("task", c.task);
  v.field("mode", c.mode, {"fast", "slow"});
  v.field("tags", c.tags);
  v.field("model.sizes", c.sizes);
  v.tables("rewards", c.rewards);
  v.require(c.steps != 13, "steps", "is 13; expected better luck");
}

struct Outcome {
  TrainConfig config;
  std::string error;
};

Outcome read(std::string_view text, const std::vector<std::string>& overrides = {}) {
  Outcome out;
  const Status status = read_config(text, "t.toml", overrides, out.config);
  if (!status.ok()) out.error = status.error().text();
  return out;
}

std::string error_of(std::string_view text, const std::vector<std::string>& overrides = {}) {
  return read(text, overrides).error;
}

TEST(ConfigReader, DefaultsStandWhereNothingIsSaid) {
  const Outcome out = read("# nothing\n");
  EXPECT_EQ(out.error, "");
  EXPECT_TRUE(config_differences(out.config, TrainConfig{}).empty());
}

TEST(ConfigReader, ReadsEveryKind) {
  const Outcome out = read(R"(
seed = 9_000_000_000
shuffle = false
task = "count\ndown"
mode = 'slow'
tags = ["a", "b"]
model.sizes = [1, -2]
offset = 5
[optimizer]
kind = "muon"
lr = 1
schedule = []
[[rewards]]
name = "x"
[[rewards]]
weight = -2.5
[[rewards]]
)");
  ASSERT_EQ(out.error, "");
  const TrainConfig& c = out.config;
  EXPECT_EQ(c.seed, 9000000000u);
  EXPECT_FALSE(c.shuffle);
  EXPECT_EQ(c.task, "count\ndown");
  EXPECT_EQ(c.mode, "slow");
  EXPECT_EQ(c.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(c.sizes, (std::vector<int64_t>{1, -2}));
  EXPECT_EQ(c.offset, 5);
  EXPECT_EQ(c.optimizer.kind, Kind::muon);
  EXPECT_EQ(c.optimizer.lr, 1.0);
  EXPECT_TRUE(c.optimizer.schedule.empty());
  ASSERT_EQ(c.rewards.size(), 3u);
  EXPECT_EQ(c.rewards[0].name, "x");
  EXPECT_EQ(c.rewards[0].weight, 1);
  EXPECT_EQ(c.rewards[1].name, "accuracy");
  EXPECT_EQ(c.rewards[1].weight, -2.5);
  EXPECT_TRUE(read("rewards = []").config.rewards.empty());
  EXPECT_EQ(read("rewards = [{name = 'y'}]").config.rewards[0].name, "y");
}

TEST(ConfigReader, UnknownKeysNameTheNearest) {
  EXPECT_EQ(error_of("optimzer.lr = 1"), "t.toml: optimzer.lr: unknown key; did you mean optimizer.lr?");
  EXPECT_EQ(error_of("[optimizer]\nLR = 1"), "t.toml: optimizer.LR: unknown key; did you mean optimizer.lr?");
  EXPECT_EQ(error_of("step = 1"), "t.toml: step: unknown key; did you mean steps?");
  EXPECT_EQ(error_of("lr = 1"), "t.toml: lr: unknown key; did you mean optimizer.lr?");
  EXPECT_EQ(error_of("[[rewards]]\nwieght = 1"),
            "t.toml: rewards.0.wieght: unknown key; did you mean rewards.0.weight?");
  EXPECT_EQ(error_of("[optimizer]\nzzzzzz = 1"),
            "t.toml: optimizer.zzzzzz: unknown key; known here: kind, lr, beta2, schedule");
  EXPECT_EQ(error_of("[zzzzzz]\nyyyyyyyyyy = 1"), "t.toml: zzzzzz.yyyyyyyyyy: unknown key");
  EXPECT_EQ(error_of("[elsewhere]"),
            "t.toml: elsewhere: unknown key; known here: seed, steps, offset, shuffle, task, mode, tags, rewards");
  EXPECT_EQ(error_of("[[elsewhere]]\na = 1").substr(0, 30), "t.toml: elsewhere: unknown key");
  EXPECT_EQ(error_of("\"optimizer.lr\" = 1").substr(0, 36), "t.toml: \"optimizer.lr\": unknown key;");
  EXPECT_EQ(error_of("[optimizer]\n"), "");
}

TEST(ConfigReader, WrongTypesShowWhatWasFound) {
  EXPECT_EQ(error_of("seed = \"x\""), "t.toml: seed: is \"x\"; expected an integer of at least 0");
  EXPECT_EQ(error_of("seed = 1.5"), "t.toml: seed: is 1.5; expected an integer of at least 0");
  EXPECT_EQ(error_of("shuffle = 1"), "t.toml: shuffle: is 1; expected true or false");
  EXPECT_EQ(error_of("task = true"), "t.toml: task: is true; expected a string");
  EXPECT_EQ(error_of("[task]"), "t.toml: task: is a table; expected a string");
  EXPECT_EQ(error_of("[task]\na = 1\nb.c = 2"), "t.toml: task: is a table; expected a string");
  EXPECT_EQ(error_of("[[task]]\na = 1"), "t.toml: task: is an array of tables; expected a string");
  EXPECT_EQ(error_of("optimizer = 3"), "t.toml: optimizer: is 3; expected a table");
  EXPECT_EQ(error_of("[[optimizer]]\nlr = 1"), "t.toml: optimizer: is an array of tables; expected a table");
  EXPECT_EQ(error_of("rewards = 3"), "t.toml: rewards: is 3; expected an array of tables, [[rewards]]");
  EXPECT_EQ(error_of("rewards = [1]"), "t.toml: rewards: is an array of 1; expected an array of tables, [[rewards]]");
  EXPECT_EQ(error_of("tags = \"a\""), "t.toml: tags: is \"a\"; expected an array of strings");
  EXPECT_EQ(error_of("tags = [\"a\", 1]"), "t.toml: tags: item 1 is 1; expected an array of strings");
  EXPECT_EQ(error_of("optimizer.schedule = [1, inf]"),
            "t.toml: optimizer.schedule: item 1 is inf; expected an array of finite numbers");
}

TEST(ConfigReader, BoundsAreKept) {
  EXPECT_EQ(error_of("steps = 0"), "t.toml: steps: is 0; expected an integer from 1 to 4294967295");
  EXPECT_EQ(error_of("steps = 4294967296"), "t.toml: steps: is 4294967296; expected an integer from 1 to 4294967295");
  EXPECT_EQ(error_of("seed = -1"), "t.toml: seed: is -1; expected an integer of at least 0");
  EXPECT_EQ(error_of("offset = -5"), "t.toml: offset: is -5; expected an integer from -4 to 5");
  EXPECT_EQ(error_of("offset = -4"), "");
  EXPECT_EQ(error_of("optimizer.lr = 0"), "t.toml: optimizer.lr: is 0; expected a number above 0");
  EXPECT_EQ(error_of("optimizer.lr = nan"), "t.toml: optimizer.lr: is nan; expected a number above 0");
  EXPECT_EQ(error_of("optimizer.beta2 = 1.0"),
            "t.toml: optimizer.beta2: is 1; expected a number of at least 0 and below 1");
  // Below 1 as a double, but not as the float it becomes.
  EXPECT_NE(error_of("optimizer.beta2 = 0.99999999999"), "");
  EXPECT_EQ(error_of("mode = \"fats\""), "t.toml: mode: is \"fats\"; expected one of \"fast\", \"slow\"");
  EXPECT_EQ(error_of("optimizer.kind = \"adam\""),
            "t.toml: optimizer.kind: is \"adam\"; expected one of \"adamw\", \"muon\"");
  EXPECT_EQ(error_of("steps = 13"), "t.toml: steps: is 13; expected better luck");
}

TEST(ConfigReader, EveryProblemAtOnce) {
  EXPECT_EQ(error_of("seed = true\nmode = 'x'\nstep = 3", {"optimizer.lr=-1"}),
            "t.toml: 4 problems\n"
            "  seed: is true; expected an integer of at least 0\n"
            "  --set optimizer.lr: is -1; expected a number above 0\n"
            "  mode: is \"x\"; expected one of \"fast\", \"slow\"\n"
            "  step: unknown key; did you mean steps?");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += cat("k", i, " = 1\n");
  const std::string error = error_of(many);
  EXPECT_EQ(error.substr(0, 21), "t.toml: 1000 problems");
  EXPECT_TRUE(error.ends_with("\n  and 980 more"));
}

TEST(ConfigReader, OverridesWin) {
  const Outcome out =
      read("steps = 1\n[[rewards]]\n", {"steps=7", "task=two words", "optimizer.kind=muon", "tags=['q']",
                                        "rewards.0.weight=3", "shuffle=false", "mode=\"slow\""});
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.config.steps, 7u);
  EXPECT_EQ(out.config.task, "two words");
  EXPECT_EQ(out.config.optimizer.kind, Kind::muon);
  EXPECT_EQ(out.config.tags, std::vector<std::string>{"q"});
  ASSERT_EQ(out.config.rewards.size(), 1u);
  EXPECT_EQ(out.config.rewards[0].weight, 3);
  EXPECT_FALSE(out.config.shuffle);
  EXPECT_EQ(out.config.mode, "slow");
  EXPECT_EQ(read("", {"rewards.1.weight=9"}).config.rewards[1].weight, 9);
  EXPECT_EQ(read("", {"task=7"}).config.task, "7");
  EXPECT_EQ(read("", {"task=a=b"}).config.task, "a=b");
  EXPECT_EQ(read("", {"task="}).config.task, "");
}

TEST(ConfigReader, BadOverridesAreNamed) {
  EXPECT_EQ(error_of("", {"stepz=1"}), "--set stepz: unknown key; did you mean steps?");
  EXPECT_EQ(error_of("", {"steps=many"}), "--set steps: is \"many\"; expected an integer from 1 to 4294967295");
  EXPECT_EQ(error_of("", {"steps"}), "--set: is \"steps\"; expected KEY=VALUE");
  EXPECT_EQ(error_of("", {"=1"}), "--set: is \"=1\"; expected KEY=VALUE");
  EXPECT_EQ(error_of("", {"task=\xFF"}), "--set: is \"task=\xEF\xBF\xBD\"; expected KEY=VALUE");
  EXPECT_EQ(error_of("", {"steps=1\nseed=2"}).substr(0, 11), "--set steps");
  EXPECT_EQ(error_of("", {"rewards.5.weight=2"}).substr(0, 23), "--set rewards.5.weight:");
}

TEST(ConfigWriter, WritesTablesInOrder) {
  EXPECT_EQ(write_config(TrainConfig{}), R"(seed = 1
steps = 100
offset = -1
shuffle = true
task = "chain"
mode = "fast"
tags = []

[optimizer]
kind = "adamw"
lr = 0.001
beta2 = 0.95
schedule = [1.0, 0.5]

[model]
sizes = []

[[rewards]]
name = "accuracy"
weight = 1.0

[[rewards]]
name = "format"
weight = 0.5
)");
  TrainConfig none;
  none.rewards.clear();
  EXPECT_NE(write_config(none).find("tags = []\nrewards = []\n\n[optimizer]"), std::string::npos);
}

TEST(ConfigWriter, WhatItWritesReadsBackTheSame) {
  Rng rng{8, 8};
  for (int round = 0; round < 300; ++round) {
    TrainConfig c;
    c.seed = rng.bits() >> 1;
    c.offset = int32_t(rng.integer(-4, 5));
    c.optimizer.kind = rng.chance(0.5) ? Kind::muon : Kind::adamw;
    c.optimizer.lr = std::exp(rng.normal() * 20);
    c.optimizer.beta2 = float(rng.uniform());
    if (c.optimizer.beta2 >= 1) continue;
    c.optimizer.schedule = {rng.normal(), 1e22, -0.0};
    c.task = "";
    for (int i = 0; i < 20; ++i) c.task += char(rng.integer(0, 127));
    c.tags = {c.task, "caf\xC3\xA9", "'''\"\"\""};
    c.rewards.resize(size_t(rng.integer(0, 3)));
    const std::string text = write_config(c);
    const Outcome back = read(text);
    ASSERT_EQ(back.error, "") << text;
    ASSERT_EQ(back.config.optimizer.lr, c.optimizer.lr);
    ASSERT_EQ(back.config.task, c.task);
    ASSERT_EQ(write_config(back.config), text);
  }
}

TEST(ConfigDifferences, NameFieldAndBothValues) {
  TrainConfig a, b;
  b.optimizer.lr = 0.5;
  b.rewards.pop_back();
  EXPECT_EQ(config_differences(a, b),
            (std::vector<std::string>{"optimizer.lr: 0.001 and 0.5", "rewards.1.name: \"format\" and absent",
                                      "rewards.1.weight: 0.5 and absent"}));
  EXPECT_TRUE(config_differences(a, a).empty());
}

}  // namespace
}  // namespace r1
