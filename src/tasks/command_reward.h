// A reward from the user's own program.
//
// Started once per batch with /bin/sh -c. It gets one JSON object per completion and line on standard input, in order:
//   {"prompt": "...", "completion": "...", "answer": "..."}
// and prints as many lines, each a number or {"score": number}; null in place of the number abstains. It must exit with
// status 0. Anything else is an Error naming the command, the line, and what was found there.
#pragma once
#include "tasks/rewards.h"
#include "tasks/shell.h"

namespace r1 {

class CommandReward final : public Reward {
 public:
  CommandReward(std::string name, std::string command, ShellLimits limits)
      : name_(std::move(name)), command_(std::move(command)), limits_(limits) {}
  std::string_view name() const override { return name_; }
  Result<Scores> score(std::span<const Scored> items) override;

 private:
  std::string name_, command_;
  ShellLimits limits_;
};

}  // namespace r1
