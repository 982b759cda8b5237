#include "base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"

namespace r1 {
namespace {

// Spinning this long before sleeping keeps the hand-over of small kernels under a microsecond.
constexpr int kSpins = 20000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<uint64_t> generation{0};
  std::atomic<size_t> running{0};
  std::atomic<bool> stop{false};
  const std::function<void(size_t)>* job = nullptr;  // called with the thread's index
  std::vector<std::thread> workers;

  void work(size_t index) {
    uint64_t seen = 0;
    for (;;) {
      for (int i = 0; i < kSpins && generation.load(std::memory_order_acquire) == seen && !stop; ++i) pause();
      if (generation.load(std::memory_order_acquire) == seen && !stop) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return generation.load(std::memory_order_acquire) != seen || stop; });
      }
      if (stop) return;
      seen = generation.load(std::memory_order_acquire);
      (*job)(index);
      running.fetch_sub(1, std::memory_order_release);
    }
  }

  void run(const std::function<void(size_t)>& body) {
    {
      std::lock_guard lock(mutex);
      job = &body;
      running.store(workers.size(), std::memory_order_relaxed);
      generation.fetch_add(1, std::memory_order_release);
    }
    wake.notify_all();
    body(0);
    for (int i = 0; running.load(std::memory_order_acquire) != 0; ++i) {
      if (i < kSpins)
        pause();
      else
        std::this_thread::yield();
    }
  }
};

ThreadPool::ThreadPool(size_t threads) : state_(std::make_unique<State>()) {
  CHECK(threads >= 1);
  for (size_t i = 1; i < threads; ++i) state_->workers.emplace_back([this, i] { state_->work(i); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->wake.notify_all();
  for (auto& worker : state_->workers) worker.join();
}

size_t ThreadPool::threads() const { return state_->workers.size() + 1; }

void ThreadPool::for_ranges(size_t n, const std::function<void(size_t, size_t)>& body) {
  if (n == 0) return;
  const size_t parts = std::min(n, threads());
  if (parts == 1) return body(0, n);
  state_->run([&](size_t index) {
    if (index < parts) body(n * index / parts, n * (index + 1) / parts);
  });
}

void ThreadPool::for_each(size_t n, const std::function<void(size_t)>& body) {
  if (n == 0) return;
  if (n == 1 || threads() == 1) {
    for (size_t i = 0; i < n; ++i) body(i);
    return;
  }
  std::atomic<size_t> next{0};
  state_->run([&](size_t) {
    for (size_t i = next.fetch_add(1); i < n; i = next.fetch_add(1)) body(i);
  });
}

size_t hardware_threads() { return std::max(1u, std::thread::hardware_concurrency()); }

}  // namespace r1
