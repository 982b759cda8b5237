// AdamW, and Muon for matrices.
//
// Element-wise work happens in the packed layout; Muon unpacks a matrix, since it acts on its singular values. State is
// a pure function of the gradients seen, whatever the thread count. Thread safety: one driving thread.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "format/config_visitor.h"
#include "model/weights.h"
#include "tensor/exec.h"

namespace r1 {

enum class Schedule : uint8_t { constant, linear, cosine };
enum class MatrixOptimizer : uint8_t { adamw, muon };

struct OptimizerConfig {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8;
  double weight_decay = 0;
  MatrixOptimizer matrices = MatrixOptimizer::adamw;
  double muon_lr = 0.01, muon_momentum = 0.95;
  double clip_norm = 1.0;  // of the whole gradient; 0: no clipping
  // Both learning rates: up over warmup_steps, constant to decay_start, then by the schedule down to final_fraction at
  // decay_end.
  Schedule schedule = Schedule::constant;
  int64_t warmup_steps = 0, decay_start = 0, decay_end = 0;  // decay_end 0: the run's last step
  double final_fraction = 0.1;
};
void visit(ConfigVisitor& v, OptimizerConfig& c);

// The factor on the learning rates for step 0, 1, ... of `steps`.
double schedule_factor(const OptimizerConfig& c, int64_t step, int64_t steps);

class Optimizer {
 public:
  Optimizer(const OptimizerConfig& config, const ModelConfig& model, Weights& weights);

  struct StepReport {
    double grad_norm = 0;    // before clipping
    std::string non_finite;  // the first weight whose gradient is not finite; then nothing was changed
  };
  // Applies one update, and zeroes the gradients.
  StepReport step(const Exec& exec, double lr_factor);

  // What a checkpoint holds: per weight the moments, and the count of steps.
  struct State {
    FloatBuffer m, v;  // v is empty under Muon
  };
  std::vector<State>& states() { return states_; }
  const std::vector<Param*>& params() const { return params_; }
  int64_t steps_done = 0;

 private:
  void step_muon(const Exec& exec, float lr, float grad_scale);

  OptimizerConfig config_;
  std::vector<Param*> params_;  // those with gradients
  std::vector<bool> muon_;
  std::vector<State> states_;
};

// X -> the nearest semi-orthogonal matrix, roughly: five quintic Newton-Schulz steps (Jordan et al. 2024, "Muon"). x:
// rows x cols, row-major, in place.
void orthogonalise(const Kernels& kernels, std::vector<float>& x, size_t rows, size_t cols);

}  // namespace r1
