#include "tasks/command_reward.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "base/files.h"
#include "tasks/chain.h"

namespace r1 {
namespace {

const Problem kProblem = chain_problem({3, {{'+', 4}}}, Language::english);

Result<Scores> run(std::string command, size_t count, ShellLimits limits = {}, std::string completion = " so 7") {
  CommandReward reward("mine", std::move(command), limits);
  const std::vector<Scored> items(count, Scored{&kProblem, std::move(completion)});
  return reward.score(items);
}
std::string error_of(std::string command, size_t count = 2, ShellLimits limits = {}) {
  const auto result = run(std::move(command), count, limits);
  return result.ok() ? "no error" : result.error().text();
}

TEST(CommandReward, GetsALinePerCompletionAndGivesALineEach) {
  EXPECT_EQ(*run("sed 's/.*/1.5/'", 3), (Scores{1.5, 1.5, 1.5}));
  EXPECT_EQ(*run("printf '1\\n{\"score\": -2}\\nnull\\n{\"score\":null}\\n\\n'", 4),
            (Scores{1, -2, std::nullopt, std::nullopt}));
  EXPECT_EQ(*run("printf '1\\r\\n2'", 2), (Scores{1, 2}));
  EXPECT_EQ(*run("exit 1", 0), Scores());
  EXPECT_EQ(*run("grep -c '^{\"answer\":\"7\",\"completion\":\" so \\\\\"7\\\\n\",\"prompt\":\"compute 3 + 4\"}$'", 1,
                 {}, " so \"7\n"),
            (Scores{1}));
}

TEST(CommandReward, ItsFailuresNameCommandAndLine) {
  EXPECT_EQ(error_of("exit 3"), "command `exit 3`: exited with status 3");
  EXPECT_EQ(error_of("printf '1\\n2\\n'; exit 1"), "command `printf '1\\n2\\n'; exit 1`: exited with status 1");
  EXPECT_EQ(error_of("kill -9 $$"), "command `kill -9 $$`: was ended by signal 9");
  EXPECT_NE(error_of("no-such-program-here 2>&-").find("exited with status 127"), std::string::npos);
  EXPECT_EQ(error_of("echo 1"), "command `echo 1`: printed 1 lines for 2 completions");
  EXPECT_EQ(error_of("true"), "command `true`: printed 0 lines for 2 completions");
  EXPECT_EQ(error_of("yes 1 | head -3"), "command `yes 1 | head -3`: printed more than the 2 lines it was given");
  EXPECT_EQ(error_of("echo 1; echo good"),
            "command `echo 1; echo good`: line 2 is \"good\"; expected a finite number or {\"score\": number}");
  for (const char* garbage :
       {"NaN", "nan", "inf", "1e999", "\"1\"", "true", "[1]", "{}", "{\"score\":\"1\"}", "1 2", "0x1", "{\"score\":1"})
    EXPECT_NE(error_of(cat("printf '%s\\n' '", garbage, "' 1")).find("line 1 is \""), std::string::npos) << garbage;
  EXPECT_NE(error_of("head -c 20000 /dev/zero | tr '\\0' '['; echo").find("line 1 is \"[[["), std::string::npos);
}

TEST(CommandReward, NeitherSideWaitsForTheOther) {
  // 40 MB in, nothing read; and as much out as in, while it is still being fed.
  const std::string big(2 << 20, 'x');
  EXPECT_EQ(*run("yes 1 | head -20", 20, {}, big), Scores(20, 1.0));
  EXPECT_EQ(*run("exec <&-; yes 1 | head -20", 20, {}, big), Scores(20, 1.0));
  EXPECT_EQ(error_of("exec cat", 2), error_of("exec cat", 2));
  const auto echoed = run_shell("cat", std::string(4 << 20, 'y'), {});
  ASSERT_TRUE(echoed.ok());
  EXPECT_EQ(echoed->size(), size_t(4) << 20);
}

TEST(CommandReward, IsStoppedAtItsLimits) {
  EXPECT_EQ(error_of("sleep 1000", 2, {.seconds = 0.2}), "command `sleep 1000`: did not finish within 0.2 s");
  EXPECT_EQ(error_of("trap '' TERM INT; sleep 1000 & wait", 2, {.seconds = 0.2}),
            "command `trap '' TERM INT; sleep 1000 & wait`: did not finish within 0.2 s");
  EXPECT_EQ(error_of("yes", 2, {.max_output = 100000}), "command `yes`: printed more than 100000 bytes");
}

// Gone, or dead and waiting for its new parent to take its status.
bool is_dead(pid_t process) {
  std::string id, name, state;
  std::ifstream(cat("/proc/", process, "/stat")) >> id >> name >> state;
  return state.empty() || state == "Z" || state == "X";
}

TEST(CommandReward, ItsChildrenDieWithItAndNoneStaysAZombie) {
  const std::string path = cat(::testing::TempDir(), "r1_command_reward_", ::getpid());
  for (const char* end : {"yes", "printf '1\\n1\\n'"}) {
    (void)run(cat("sleep 1000 & echo $! > ", path, "; ", end), 2, {.max_output = 1000});
    const auto text = real_files().read(path);
    ASSERT_TRUE(text.ok());
    const pid_t child = pid_t(std::stol(*text));
    while (!is_dead(child)) ::usleep(1000);          // killed already; the test binary's own time limit is the judge
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // no child of ours is left
    EXPECT_EQ(errno, ECHILD);
  }
  ASSERT_TRUE(real_files().remove_all(path).ok());
}

TEST(CommandReward, WhatItsChildrenHoldOpenIsNotWaitedFor) {
  EXPECT_EQ(*run("sleep 1000 & printf '1\\n2\\n'", 2), (Scores{1, 2}));
}

TEST(CommandReward, LeavesSignalsAsTheyWere) {
  sigset_t before, after, pending;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  (void)run("exec <&-; sleep 0.05; echo 1", 1, {}, std::string(1 << 20, 'x'));
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  sigpending(&pending);
  EXPECT_EQ(sigismember(&before, SIGPIPE), sigismember(&after, SIGPIPE));
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

}  // namespace
}  // namespace r1
