#include "tensor/graph.h"

#include <algorithm>
#include <bit>

namespace r1 {
namespace {

// Size classes: four to an octave, so that at most a quarter of a buffer lies idle.
size_t class_of(size_t size) {
  const size_t floor_log = size_t(std::bit_width(size)) - 1;
  const size_t quarter = floor_log >= 2 ? (size >> (floor_log - 2)) & 3 : 0;
  const size_t base = (size_t(4) | quarter) << floor_log >> 2;
  return floor_log * 4 + quarter + (base < size ? 1 : 0);
}

size_t class_size(size_t c) { return ((size_t(4) | (c & 3)) << (c >> 2)) >> 2; }

}  // namespace

FloatBuffer BufferPool::take(size_t size) {
  const size_t c = class_of(std::max<size_t>(size, 16));
  auto& shelf = free_[c];
  if (shelf.empty()) return FloatBuffer(class_size(c));
  FloatBuffer buffer = std::move(shelf.back());
  shelf.pop_back();
  return buffer;
}

void BufferPool::give(FloatBuffer buffer) {
  // The largest class it can serve, whatever its size.
  if (!buffer.empty()) free_[class_of(buffer.size() + 1) - 1].push_back(std::move(buffer));
}

Tensor::Tensor(BufferPool& pool, size_t rows, size_t cols)
    : storage_(new Storage{pool, rows, cols, pool.take(rows * cols), {}}) {}

Tensor::Storage::~Storage() {
  pool.give(std::move(value));
  pool.give(std::move(grad));
}

float* Tensor::grad() const {
  Storage& s = *storage_;
  if (s.grad.empty()) {
    s.grad = s.pool.take(s.rows * s.cols);
    std::fill_n(s.grad.data(), s.rows * s.cols, 0.0f);
  }
  return s.grad.data();
}

void Graph::backward() {
  while (!steps_.empty()) {
    const auto step = std::move(steps_.back());
    steps_.pop_back();
    step();
  }
}

}  // namespace r1
