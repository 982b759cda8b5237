// Rewards for GRPO: each gives a completion a number, or abstains.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tasks/problem.h"

namespace r1 {

struct Scored {
  const Problem* problem = nullptr;
  std::string completion;
};

using Scores = std::vector<std::optional<double>>;  // one per item; nullopt: this reward has no say on it

// Thread safety: score() may be called from one thread at a time.
class Reward {
 public:
  virtual ~Reward() = default;
  virtual std::string_view name() const = 0;
  virtual Result<Scores> score(std::span<const Scored> items) = 0;
};

// One line of a config. A spec with a command is the user's own, under any name; the others are built in:
//   accuracy   1 if the extracted answer is right, else 0
//   format     1 if the completion is <think>..</think><answer>..</answer>, else 0
//   language   the share of the thought that is in the question's language; abstains where that is not known
struct RewardSpec {
  std::string name;
  double weight = 1;
  std::string command{};  // tasks/command_reward.h
  double timeout_seconds = 60;
};

Result<std::unique_ptr<Reward>> make_reward(const RewardSpec& spec);

}  // namespace r1
