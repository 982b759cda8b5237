#include "tasks/shell.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

extern char** environ;

namespace r1 {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error::resource("pipe", std::strerror(errno));
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// A write to a command that has gone must not kill this process, nor change how it treats SIGPIPE: the signal is
// blocked in this thread and, if a write raised it, taken away before the mask is restored.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    const timespec now{};
    if (!was_pending_)
      while (sigtimedwait(&pipe_, nullptr, &now) == -1 && errno == EINTR) {
      }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_, before_;
  bool was_pending_ = false;
};

// Kills the group and takes the leader's exit status, whatever way the run ends. The group is killed before the leader
// is reaped, while its id cannot belong to anyone else.
class Group {
 public:
  explicit Group(pid_t leader) : leader_(leader) {}
  ~Group() {
    ::kill(-leader_, SIGKILL);
    while (::waitpid(leader_, nullptr, 0) == -1 && errno == EINTR) {
    }
  }
  // Whether the leader has exited, without reaping it; fills code and status as waitid does.
  bool exited(siginfo_t& info) const {
    info = {};
    return ::waitid(P_PID, id_t(leader_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == leader_;
  }

 private:
  pid_t leader_;
};

Result<pid_t> start(const std::string& command, int input, int output) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (int signal : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&defaults, signal);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string shell = "/bin/sh", flag = "-c", text = command;
  char* const arguments[] = {shell.data(), flag.data(), text.data(), nullptr};
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, "/bin/sh", &files, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return Error::resource("/bin/sh", std::strerror(failed));
  return pid;
}

// Reads what there is. False: the other end is closed.
bool drain(int fd, std::string& output, size_t limit) {
  std::array<char, 65536> buffer;
  while (output.size() <= limit) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got > 0) output.append(buffer.data(), size_t(got));
    if (got == 0) return false;
    if (got < 0 && errno != EINTR) return errno == EAGAIN || errno == EWOULDBLOCK;
  }
  return true;
}

// Writes what fits. False: done, or nobody reads any more.
bool feed(int fd, std::string_view& input) {
  while (!input.empty()) {
    const ssize_t put = ::write(fd, input.data(), std::min(input.size(), size_t(65536)));
    if (put > 0) input.remove_prefix(size_t(put));
    if (put < 0 && errno != EINTR) return errno == EAGAIN || errno == EWOULDBLOCK;
  }
  return false;
}

Result<std::string> converse(const Group& group, Descriptor to, Descriptor from, std::string_view input,
                             const ShellLimits& limits) {
  const auto deadline = Clock::now() + std::chrono::duration<double>(limits.seconds);
  ::fcntl(to.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(from.get(), F_SETFL, O_NONBLOCK);
  std::string output;
  siginfo_t info;
  for (;;) {
    // Asked before the last read, so that nothing the command wrote before its end is missed.
    const bool ended = group.exited(info);
    if (from.is_open() && !drain(from.get(), output, limits.max_output)) from.close();
    if (output.size() > limits.max_output)
      return Error::resource("", cat("printed more than ", limits.max_output, " bytes"));
    if (ended) break;
    if (to.is_open() && !feed(to.get(), input)) to.close();
    if (Clock::now() >= deadline) return Error::resource("", cat("did not finish within ", limits.seconds, " s"));
    // A closed descriptor is -1, which poll skips. The tick is for the exit, which no descriptor announces.
    std::array<pollfd, 2> fds = {pollfd{from.get(), POLLIN, 0}, pollfd{to.get(), POLLOUT, 0}};
    ::poll(fds.data(), fds.size(), 5);
  }
  if (info.si_code != CLD_EXITED) return Error::invalid("", cat("was ended by signal ", info.si_status));
  if (info.si_status != 0) return Error::invalid("", cat("exited with status ", info.si_status));
  return output;
}

}  // namespace

Result<std::string> run_shell(const std::string& command, std::string_view input, const ShellLimits& limits) {
  const std::string where = cat("command `", command.substr(0, 200), "`");
  auto in = make_pipe(), out = make_pipe();
  if (!in.ok()) return in.error().within(where);
  if (!out.ok()) return out.error().within(where);
  const NoBrokenPipe guard;
  const auto leader = start(command, in->read.get(), out->write.get());
  if (!leader.ok()) return leader.error().within(where);
  const Group group(*leader);
  in->read.close();
  out->write.close();
  auto output = converse(group, std::move(in->write), std::move(out->read), input, limits);
  if (!output.ok()) return output.error().within(where);
  return output;
}

}  // namespace r1
