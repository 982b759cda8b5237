// A fixed pool with a static split and no nesting.
//
// for_ranges(n, f) cuts [0, n) into at most threads() contiguous ranges and runs f(begin, end) once per range, the
// calling thread included. Work is split by output, never by summand, so results do not depend on threads().
// Thread safety: one caller at a time.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>

namespace r1 {

class ThreadPool {
 public:
  // REQUIRES: threads >= 1.
  explicit ThreadPool(size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t threads() const;
  void for_ranges(size_t n, const std::function<void(size_t begin, size_t end)>& body);
  // Like for_ranges over single items, but handed out one by one: for items of uneven cost. The body must not care
  // which thread runs it.
  void for_each(size_t n, const std::function<void(size_t item)>& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Hardware threads, at least 1.
size_t hardware_threads();

}  // namespace r1
