// Activations and the tape.
//
// A Tensor is a shared handle to a row-major [rows, cols] array of floats. Ops are free functions that take the Graph
// first; when it records, each op leaves a step that adds to the gradients of its inputs, and backward() runs the steps
// in reverse, letting go of each step's tensors as it goes. Without recording, activations are freed with their last
// handle. Thread safety: one thread drives a Graph; ops spread their work over exec.pool.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "tensor/exec.h"

namespace r1 {

// Keeps freed buffers for the next op: steady training allocates nothing. Owned by one thread.
class BufferPool {
 public:
  FloatBuffer take(size_t size);  // contents undefined
  void give(FloatBuffer buffer);

 private:
  std::vector<std::vector<FloatBuffer>> free_{64 * 4};  // by size class: four to an octave
};

class Tensor {
 public:
  Tensor() = default;
  Tensor(BufferPool& pool, size_t rows, size_t cols);

  size_t rows() const { return storage_->rows; }
  size_t cols() const { return storage_->cols; }
  size_t size() const { return rows() * cols(); }
  float* data() const { return storage_->value.data(); }
  float* row(size_t i) const { return data() + i * cols(); }
  // The gradient, zeros at first touch.
  float* grad() const;
  float* grad_row(size_t i) const { return grad() + i * cols(); }
  bool has_grad() const { return storage_ && !storage_->grad.empty(); }
  explicit operator bool() const { return storage_ != nullptr; }

 private:
  struct Storage {
    BufferPool& pool;
    size_t rows, cols;
    FloatBuffer value, grad;
    ~Storage();
  };
  std::shared_ptr<Storage> storage_;
};

class Graph {
 public:
  Graph(Exec exec, BufferPool& pool, bool record) : exec(exec), pool_(pool), record_(record) {}

  Tensor make(size_t rows, size_t cols) { return Tensor(pool_, rows, cols); }
  FloatBuffer scratch(size_t size) { return pool_.take(size); }
  void give_back(FloatBuffer buffer) { pool_.give(std::move(buffer)); }
  bool recording() const { return record_; }
  void record(std::function<void()> step) { steps_.push_back(std::move(step)); }
  void backward();

  Exec exec;

 private:
  BufferPool& pool_;
  bool record_;
  std::vector<std::function<void()>> steps_;
};

}  // namespace r1
