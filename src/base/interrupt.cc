#include "base/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace r1 {
namespace {

std::atomic<bool> interrupt_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // so it may be touched in a signal handler

void on_signal(int) {
  if (interrupt_requested.exchange(true)) ::_exit(130);
}

}  // namespace

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return interrupt_requested.load(std::memory_order_relaxed); }
void clear_interrupt() { interrupt_requested.store(false); }

}  // namespace r1
