#include "train/checkpoint.h"

#include "train/failing_files.h"
#include "train/test_run.h"

namespace r1 {
namespace {

using testing::contains;
using testing::Killed;
using testing::random_gradients;
using testing::slurp;
using testing::TempFolder;
using testing::tiny_choice;
using testing::TinyRun;

OptimizerConfig muon() {
  OptimizerConfig c;
  c.matrices = MatrixOptimizer::muon;
  return c;
}

// A model that has been trained a little, so that no moment is zero.
struct Trained : TinyRun {
  explicit Trained(uint64_t seed, const ModelChoice& choice = tiny_choice())
      : TinyRun(1, choice, seed), optimizer(muon(), config, model->weights) {
    for (int step = 0; step < 2; ++step) {
      random_gradients(*this, seed, step, 1);
      optimizer.step(exec, 1);
    }
    model->weights.layers.back().route_bias.value[1] = 0.125f;
  }
  Status save(const std::string& folder, int64_t step, Weights* reference = nullptr) {
    return save_checkpoint(real_files(), folder, trained(), optimizer, reference, {step, 77, 0.5, {11, 22}});
  }
  Result<std::optional<Progression>> load(const std::string& folder, Weights* reference = nullptr) {
    return load_checkpoint(real_files(), folder, *model, optimizer, reference);
  }
  std::vector<std::string> bytes() {
    std::vector<std::string> out;
    const auto add = [&out](const FloatBuffer& b) {
      out.emplace_back(reinterpret_cast<const char*>(b.data()), b.size() * sizeof(float));
    };
    for (Param* p : all_params(config, model->weights)) add(p->value);
    for (const Optimizer::State& s : optimizer.states()) {
      add(s.m);
      add(s.v);
    }
    return out;
  }
  Optimizer optimizer;
};

std::vector<std::string> checkpoints(const TempFolder& folder) {
  return real_files().list(folder / "checkpoints").value();
}

TEST(Checkpoint, RoundTripsEveryBit) {
  TempFolder folder;
  Trained saved(1), loaded(2), reference(3), into(4);
  ASSERT_FALSE(saved.bytes() == loaded.bytes());
  ASSERT_TRUE(saved.save(folder.path, 9, &reference.model->weights).ok());
  const auto at = loaded.load(folder.path, &into.model->weights);
  ASSERT_TRUE(at.ok()) << at.error().text();
  ASSERT_TRUE(at->has_value());
  EXPECT_EQ((*at)->step, 9);
  EXPECT_EQ((*at)->data_index, 77u);
  EXPECT_EQ((*at)->best, 0.5);
  EXPECT_EQ((*at)->log.metrics, 11u);
  EXPECT_EQ((*at)->log.samples, 22u);
  EXPECT_TRUE(loaded.bytes() == saved.bytes());
  EXPECT_EQ(loaded.optimizer.steps_done, 2);
  const auto policy = into.bytes(), kept = reference.bytes();
  for (size_t i = 0; i < all_params(into.config, into.model->weights).size(); ++i)
    EXPECT_TRUE(policy[i] == kept[i]) << i;
}

TEST(Checkpoint, LoadedWeightsAreTheOnesTheOptimizerMoves) {
  TempFolder folder;
  Trained saved(1), loaded(2);
  ASSERT_TRUE(saved.save(folder.path, 1).ok());
  ASSERT_TRUE(loaded.load(folder.path).ok());
  for (Trained* t : {&saved, &loaded}) {
    random_gradients(*t, 5, 0, 1);
    t->optimizer.step(t->exec, 1);
  }
  EXPECT_TRUE(loaded.bytes() == saved.bytes());
}

TEST(Checkpoint, IsAFolderThatEverythingCanOpen) {
  TempFolder folder;
  Trained saved(1);
  ASSERT_TRUE(saved.save(folder.path, 4).ok());
  const auto bundle = open_bundle(folder.path, {});
  ASSERT_TRUE(bundle.ok()) << bundle.error().text();
  EXPECT_EQ(bundle->config.hidden_size, 32u);
}

TEST(Checkpoint, NoneIsNotAnError) {
  TempFolder folder;
  Trained t(1);
  const auto at = t.load(folder.path);
  ASSERT_TRUE(at.ok());
  EXPECT_FALSE(at->has_value());
}

TEST(Checkpoint, TheNewestTwoStayAndTheNewestIsLoaded) {
  TempFolder folder;
  Trained t(1);
  for (const int64_t step : {8, 9, 10, 100}) ASSERT_TRUE(t.save(folder.path, step).ok());
  EXPECT_EQ(checkpoints(folder), (std::vector<std::string>{"step-10", "step-100"}));
  EXPECT_EQ((*t.load(folder.path))->step, 100);  // by number, not by spelling
}

TEST(Checkpoint, SavingTheSameStepAgainReplacesIt) {
  TempFolder folder;
  Trained a(1), b(2), into(3);
  ASSERT_TRUE(a.save(folder.path, 5).ok());
  ASSERT_TRUE(b.save(folder.path, 5).ok());
  EXPECT_EQ(checkpoints(folder), std::vector<std::string>{"step-5"});
  ASSERT_TRUE(into.load(folder.path).ok());
  EXPECT_TRUE(into.bytes() == b.bytes());
}

// Two stops at the same step save the same checkpoint twice. Killed anywhere, there is one to go on from.
TEST(Checkpoint, KilledWhileReplacingOneThereIsAWholeOne) {
  Trained t(1);
  size_t kills = 0;
  for (size_t k = 0;; ++k) {
    TempFolder folder;
    ASSERT_TRUE(t.save(folder.path, 3).ok());
    ASSERT_TRUE(t.save(folder.path, 5).ok());
    Killed files(k);
    (void)save_checkpoint(files, folder.path, t.trained(), t.optimizer, nullptr, {5, 77, 0.5, {}});
    if (!files.dead()) break;
    ++kills;
    const auto at = t.load(folder.path);
    ASSERT_TRUE(at.ok()) << "killed at change " << k << ": " << at.error().text();
    ASSERT_TRUE(at->has_value());
    EXPECT_TRUE((*at)->step == 3 || (*at)->step == 5);
  }
  EXPECT_GT(kills, 10u);
}

TEST(Checkpoint, WhatAKilledSaveLeftIsNotLoadedAndIsClearedAway) {
  TempFolder folder;
  Trained t(1);
  ASSERT_TRUE(t.save(folder.path, 3).ok());
  ASSERT_TRUE(real_files().make_directories(folder / "checkpoints/writing").ok());
  ASSERT_TRUE(real_files().write(folder / "checkpoints/writing/state.json", "{").ok());
  ASSERT_TRUE(real_files().make_directories(folder / "checkpoints/step-x").ok());
  ASSERT_TRUE(real_files().make_directories(folder / "checkpoints/step--4").ok());
  EXPECT_EQ((*t.load(folder.path))->step, 3);
  ASSERT_TRUE(t.save(folder.path, 6).ok());
  EXPECT_EQ((*t.load(folder.path))->step, 6);
  EXPECT_FALSE(real_files().exists(folder / "checkpoints/writing"));
}

struct Damaged : ::testing::Test {
  void SetUp() override { ASSERT_TRUE(t.save(folder.path, 3).ok()); }
  std::string file(std::string_view name) { return folder / ("checkpoints/step-3/" + std::string(name)); }
  void expect_error(std::string_view where, std::string_view finding = "") {
    const auto at = t.load(folder.path);
    ASSERT_FALSE(at.ok()) << where;
    EXPECT_TRUE(contains(at.error().text(), where));
    EXPECT_TRUE(contains(at.error().text(), finding));
  }
  TempFolder folder;
  Trained t{1};
};

TEST_F(Damaged, ATruncatedFileIsNamed) {
  for (const char* name : {"model.safetensors", "optimizer.safetensors"}) {
    const std::string whole = slurp(file(name));
    for (const size_t size : {size_t(0), size_t(5), whole.size() / 2, whole.size() - 1}) {
      ASSERT_TRUE(real_files().write(file(name), whole.substr(0, size)).ok());
      expect_error(file(name));
    }
    ASSERT_TRUE(real_files().write(file(name), whole).ok());
  }
  EXPECT_TRUE(t.load(folder.path).ok());
}

TEST_F(Damaged, AMissingFileIsNamed) {
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "state.json"}) {
    const std::string whole = slurp(file(name));
    ASSERT_TRUE(real_files().remove_all(file(name)).ok());
    expect_error(file(name));
    ASSERT_TRUE(real_files().write(file(name), whole).ok());
  }
}

TEST_F(Damaged, StateIsChecked) {
  const auto with = [&](const std::string& text) { ASSERT_TRUE(real_files().write(file("state.json"), text).ok()); };
  with("{\"step\":3,");
  expect_error(file("state.json"));
  with("{\"step\":3}");
  expect_error(file("state.json") + ": data_index", "missing");
  with("{\"step\":\"x\",\"data_index\":1,\"best\":0,\"metrics_bytes\":0,\"samples_bytes\":0}");
  expect_error(file("state.json") + ": step", "\"x\"");
  with("{\"step\":3,\"data_index\":-1,\"best\":0,\"metrics_bytes\":0,\"samples_bytes\":0}");
  expect_error(file("state.json") + ": data_index", "-1");
  with("{\"step\":4,\"data_index\":1,\"best\":0,\"metrics_bytes\":0,\"samples_bytes\":0}");
  expect_error(file("state.json") + ": step", "is 4; expected the folder's 3");
}

TEST_F(Damaged, AnotherArchitectureIsNamedTensorByTensor) {
  ModelChoice wider = tiny_choice();
  wider.intermediate_size = 64;
  Trained other(1, wider);
  const auto at = other.load(folder.path);
  ASSERT_FALSE(at.ok());
  EXPECT_TRUE(contains(at.error().text(), file("model.safetensors")));
  EXPECT_TRUE(contains(at.error().text(), "model.layers.0.mlp.gate_proj.weight has shape [48, 32]; expected [64, 32]"));
}

TEST_F(Damaged, AnotherOptimizerIsNamed) {
  Optimizer adamw({}, t.config, t.model->weights);
  const auto at = load_checkpoint(real_files(), folder.path, *t.model, adamw, nullptr);
  ASSERT_FALSE(at.ok());
  EXPECT_TRUE(contains(at.error().text(), "optimizer.safetensors"));
  EXPECT_TRUE(contains(at.error().text(), ".v is missing"));
}

TEST_F(Damaged, AMissingReferencePolicyIsNamed) {
  const auto at = t.load(folder.path, &t.model->weights);
  ASSERT_FALSE(at.ok());
  EXPECT_TRUE(contains(at.error().text(), "reference.safetensors"));
}

TEST_F(Damaged, StepsDoneMustBeANumber) {
  std::string text = slurp(file("optimizer.safetensors"));
  const size_t at = text.find("\"steps_done\":\"2\"");
  ASSERT_NE(at, std::string::npos);
  for (const char bad : {'x', '-', ' '}) {
    text[at + 14] = bad;
    ASSERT_TRUE(real_files().write(file("optimizer.safetensors"), text).ok());
    expect_error(file("optimizer.safetensors"), "steps_done");
  }
}

}  // namespace
}  // namespace r1
