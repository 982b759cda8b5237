#include "train/sequence_loss.h"

#include "train/test_run.h"

namespace r1 {
namespace {

using testing::TinyRun;

TrainSequence sequence(std::vector<int> tokens, std::vector<uint8_t> trained) { return {tokens, trained}; }

std::vector<TrainSequence> three_sequences() {
  return {sequence({0, 5, 6, 7, 8}, {0, 0, 1, 1, 1}), sequence({0, 9, 10, 11}, {0, 1, 1, 1}),
          sequence({0, 20, 21, 22, 23, 24, 25}, {0, 0, 0, 1, 0, 1, 1})};
}

std::vector<std::vector<float>> gradients(TinyRun& run) {
  std::vector<std::vector<float>> out;
  for (Param* p : all_params(run.config, run.model->weights))
    out.emplace_back(p->grad.data(), p->grad.data() + p->grad.size());
  return out;
}

TEST(PackBatch, TargetsAreTheNextTrainedTokensOfTheSameSequence) {
  const std::vector<TrainSequence> s = three_sequences();
  const PackedBatch b = pack_batch(s);
  EXPECT_EQ(b.tokens, (std::vector<int>{0, 5, 6, 7, 8, 0, 9, 10, 11, 0, 20, 21, 22, 23, 24, 25}));
  EXPECT_EQ(b.targets, (std::vector<int>{-1, 6, 7, 8, -1, 9, 10, 11, -1, -1, -1, 22, -1, 24, 25, -1}));
  EXPECT_EQ(b.trained_tokens, 9u);
  ASSERT_EQ(b.pieces.size(), 3u);
  EXPECT_EQ(b.pieces[1].row_begin, 5u);
  EXPECT_EQ(b.pieces[1].rows, 4u);
  EXPECT_EQ(b.pieces[2].row_begin, 9u);
}

TEST(PackBatch, TheFirstTokenIsNeverATarget) {
  const TrainSequence s = sequence({3, 4}, {1, 1});
  const PackedBatch b = pack_batch({&s, 1});
  EXPECT_EQ(b.targets, (std::vector<int>{4, -1}));
  EXPECT_EQ(b.trained_tokens, 1u);
}

// Without attention across samples, a packed batch is the sum of its sequences apart.
TEST(SequenceLoss, PackedEqualsApart) {
  TinyRun run;
  const std::vector<TrainSequence> s = three_sequences();
  const PackedBatch packed = pack_batch(s);
  const size_t total = packed.trained_tokens;
  const LossReport together = sequence_loss(run.exec, run.buffers, *run.model, packed, total, {}, true);
  const auto gradient = gradients(run);
  for (Param* p : all_params(run.config, run.model->weights)) p->grad.zero();

  double loss = 0;
  std::vector<std::vector<uint32_t>> load;
  for (const TrainSequence& one : s) {
    const LossReport r = sequence_loss(run.exec, run.buffers, *run.model, pack_batch({&one, 1}), total, {}, true);
    loss += r.loss;
    add_load(load, r.load);
  }
  EXPECT_NEAR(loss, together.loss, 1e-12);
  EXPECT_EQ(load, together.load);
  const auto apart = gradients(run);
  for (size_t i = 0; i < gradient.size(); ++i)
    for (size_t j = 0; j < gradient[i].size(); ++j) ASSERT_NEAR(gradient[i][j], apart[i][j], 2e-7);
}

TEST(SequenceLoss, WhatAnotherSequenceSaysChangesNothing) {
  TinyRun run;
  std::vector<TrainSequence> a = three_sequences(), b = three_sequences();
  b[0].tokens = {0, 40, 41, 42, 43};
  a[0].trained.assign(5, 0);
  b[0].trained.assign(5, 0);
  const size_t total = pack_batch(a).trained_tokens;
  EXPECT_EQ(sequence_loss(run.exec, run.buffers, *run.model, pack_batch(a), total, {}, false).loss,
            sequence_loss(run.exec, run.buffers, *run.model, pack_batch(b), total, {}, false).loss);
}

// A model of random small weights knows nothing: the loss is about ln(vocabulary).
TEST(SequenceLoss, IsTheMeanCrossEntropyInNats) {
  TinyRun run;
  for (Param* p : all_params(run.config, run.model->weights))
    if (p->name == "model.embed_tokens.weight") p->value.zero();  // tied: all logits are 0
  const std::vector<TrainSequence> s = three_sequences();
  const PackedBatch b = pack_batch(s);
  const LossReport r = sequence_loss(run.exec, run.buffers, *run.model, b, b.trained_tokens, {0.3, 0}, false);
  EXPECT_NEAR(r.loss, std::log(double(run.config.vocab_size)), 1e-4);
  EXPECT_NEAR(r.mtp_loss, std::log(double(run.config.vocab_size)), 1e-4);
}

// Central differences of the whole loss (main, MTP, balance) in one weight of each kind.
TEST(SequenceLoss, TheGradientIsTheSlopeOfTheReportedLosses) {
  TinyRun run;
  const std::vector<TrainSequence> s = three_sequences();
  const PackedBatch b = pack_batch(s);
  const LossWeights weights{0.5, 0};
  sequence_loss(run.exec, run.buffers, *run.model, b, b.trained_tokens, weights, true);
  size_t mtp_targets = 0;  // rows whose token after next is trained
  for (const TrainSequence& one : s)
    for (size_t i = 2; i < one.tokens.size(); ++i) mtp_targets += one.trained[i];
  const auto loss = [&] {
    const LossReport r = sequence_loss(run.exec, run.buffers, *run.model, b, b.trained_tokens, weights, false);
    return r.loss + 0.5 * r.mtp_loss * double(mtp_targets) / double(b.trained_tokens);
  };
  Weights& w = run.model->weights;
  for (Param* p : {&w.layers[0].o, &w.layers[1].up, &w.norm, &w.mtp[0].eh_proj, &w.mtp[0].norm, &w.embed}) {
    size_t at = 0;  // its steepest weight
    for (size_t i = 0; i < p->grad.size(); ++i)
      if (std::abs(p->grad[i]) > std::abs(p->grad[at])) at = i;
    const float x = p->value[at], h = 4e-3f;
    p->value[at] = x + h;
    const double above = loss();
    p->value[at] = x - h;
    const double below = loss();
    p->value[at] = x;
    EXPECT_NEAR(p->grad[at], (above - below) / (2 * double(h)), 0.01 * std::abs(p->grad[at]) + 2e-4) << p->name;
  }
}

// A file has no place for them: what they held would be lost by a checkpoint.
TEST(SequenceLoss, GradientsOfDeadLanesAreZero) {
  TinyRun run;
  const std::vector<TrainSequence> s = three_sequences();
  const PackedBatch b = pack_batch(s);
  sequence_loss(run.exec, run.buffers, *run.model, b, b.trained_tokens, {0.3, 1e-3}, true);
  const auto before = gradients(run);
  for (Param* p : all_params(run.config, run.model->weights))
    if (p->trainable()) testing::clear_dead_lanes(*p, p->grad);
  EXPECT_TRUE(gradients(run) == before);
}

TEST(SequenceLoss, MtpPredictsTheTokenAfterNextWhereItIsTrained) {
  TinyRun run;
  const auto mtp_loss = [&](std::vector<uint8_t> trained) {
    const TrainSequence s = sequence({0, 5, 6, 7, 8}, std::move(trained));
    return sequence_loss(run.exec, run.buffers, *run.model, pack_batch({&s, 1}), 1, {1, 0}, false).mtp_loss;
  };
  EXPECT_EQ(mtp_loss({1, 1, 0, 0, 0}), 0);  // tokens 0 and 1 have no row two before them
  EXPECT_GT(mtp_loss({0, 0, 1, 0, 0}), 0);
  EXPECT_NEAR(mtp_loss({0, 0, 1, 1, 1}),
              (mtp_loss({0, 0, 1, 0, 0}) + mtp_loss({0, 0, 0, 1, 0}) + mtp_loss({0, 0, 0, 0, 1})) / 3, 1e-6);
}

TEST(SequenceLoss, TheShortestSequencesTrain) {
  TinyRun run;
  const std::vector<TrainSequence> s = {sequence({0, 5}, {0, 1}), sequence({0}, {0})};
  const PackedBatch b = pack_batch(s);
  const LossReport r = sequence_loss(run.exec, run.buffers, *run.model, b, b.trained_tokens, {0.3, 1e-3}, true);
  EXPECT_TRUE(std::isfinite(r.loss));
  EXPECT_EQ(r.mtp_loss, 0);
}

TEST(SequenceLoss, NothingToTrainIsALossOfZeroWithoutAGradient) {
  TinyRun run;
  const TrainSequence s = sequence({0, 5, 6}, {0, 0, 0});
  const LossReport r = sequence_loss(run.exec, run.buffers, *run.model, pack_batch({&s, 1}), 0, {0.3, 0}, true);
  EXPECT_EQ(r.loss, 0);
  for (const auto& g : gradients(run))
    for (const float v : g) ASSERT_EQ(v, 0);
}

TEST(RouteBias, MovesAgainstTheLoad) {
  TinyRun run;
  FloatBuffer& bias = run.model->weights.layers[1].route_bias.value;
  FloatBuffer& mtp_bias = run.model->weights.mtp[0].block.route_bias.value;
  update_route_bias(*run.model, {{}, {10, 2, 4, 4}, {5, 5, 5, 5}}, 0.25f);  // mean 5
  EXPECT_EQ(bias[0], -0.25f);
  EXPECT_EQ(bias[1], 0.25f);
  EXPECT_EQ(bias[2], 0.25f);
  EXPECT_EQ(bias[3], 0.25f);
  for (size_t e = 0; e < 4; ++e) EXPECT_EQ(mtp_bias[e], 0);  // exactly the mean: left alone
  update_route_bias(*run.model, {{}, {5, 5, 5, 5}, {0, 20, 0, 0}}, 0.5f);
  EXPECT_EQ(mtp_bias[0], 0.5f);
  EXPECT_EQ(mtp_bias[1], -0.5f);
  update_route_bias(*run.model, {{}, {9, 0, 0, 0}}, 0);
  EXPECT_EQ(bias[0], -0.25f);
}

TEST(AddLoad, AddsRowByRow) {
  std::vector<std::vector<uint32_t>> into;
  add_load(into, {{}, {1, 2}});
  add_load(into, {{}, {10, 20}, {3, 4}});
  EXPECT_EQ(into, (std::vector<std::vector<uint32_t>>{{}, {11, 22}, {3, 4}}));
}

}  // namespace
}  // namespace r1
