// What every op needs to run: the kernels chosen at start and the thread pool.
#pragma once
#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace r1 {

struct Exec {
  const Kernels& kernels;
  ThreadPool& pool;
};

}  // namespace r1
