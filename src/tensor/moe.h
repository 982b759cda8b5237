// Mixture of experts: gate scores, the choice of experts, their weights, and the grouped expert product.
//
// V3 (DeepSeek-V3 report, section 2.1.2): s = sigmoid(W u); experts are chosen by s + bias inside the best groups, and
// weighed by s normalised over the chosen, times a factor. V2 (DeepSeek-V2 report, 2.2): s = softmax(W u), groups by
// their best expert.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/graph.h"
#include "tensor/param.h"

namespace r1 {

enum class ScoreFn : uint8_t { softmax, sigmoid };
enum class GroupScore : uint8_t { max, top2_sum };

struct GateConfig {
  uint32_t n_routed_experts = 0, num_experts_per_tok = 0, n_group = 1, topk_group = 1;
  ScoreFn scoring_func = ScoreFn::sigmoid;
  GroupScore group_score = GroupScore::top2_sum;
  bool norm_topk_prob = true;
  float routed_scaling_factor = 1;
  bool has_correction_bias = false;  // added to choose experts, not to weigh them
};

// The chosen experts of each row, ascending by index: row r's are experts[r*top_k ..].
struct Choice {
  size_t top_k = 0;
  std::vector<uint32_t> experts;
  std::vector<uint32_t> load;  // tokens per expert
};

Tensor gate_scores(Graph& g, const Tensor& logits, ScoreFn fn);
// bias [n_routed_experts] or null. Equal scores: the lower index wins.
Choice choose_experts(const Tensor& scores, const float* bias, const GateConfig& c);
// [M, top_k], in the order of the choice.
Tensor expert_weights(Graph& g, const Tensor& scores, const Choice& choice, const GateConfig& c);
// y_r = sum over its experts, ascending, of weight * down(silu(gate x) * up x). Params hold n_routed_experts matrices.
Tensor experts(Graph& g, const Tensor& x, const Choice& choice, const Tensor& weights, Param& gate, Param& up,
               Param& down);

// Rows of one sequence, for the sequence-wise balance loss.
struct RowRange {
  size_t begin = 0, rows = 0;
};
// sum_e f_e P_e, averaged over the sequences (V3 report, equations 17-20; f counts by scores without the bias and is
// constant in the gradient). When recording, adds alpha times its gradient to the scores' gradient.
double balance_loss(Graph& g, const Tensor& scores, std::span<const RowRange> sequences, const GateConfig& c,
                    double alpha);

}  // namespace r1
