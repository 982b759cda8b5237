#include "bundle/bundle.h"
#include "bundle/test_bundle.h"

namespace r1 {
namespace {

using testing::contains;
using testing::ModelFolder;

void make_model(const std::string& folder, bool with_weights = true) {
  ASSERT_TRUE(real_files().make_directories(folder).ok());
  ASSERT_TRUE(real_files().write(join_path(folder, "config.json"), "{}").ok());
  if (with_weights) {
    ASSERT_TRUE(real_files().write(join_path(folder, "model.safetensors"), "").ok());
  }
}

std::string resolved(const std::string& path) {
  const auto found = resolve_model(real_files(), path);
  return found.ok() ? *found : found.error().text();
}

TEST(Resolve, AFolderWithAConfigIsItself) {
  ModelFolder folder;
  make_model(folder / "m", false);
  EXPECT_EQ(resolved(folder / "m"), folder / "m");
}

TEST(Resolve, OfARunItsFinalModel) {
  ModelFolder run;
  make_model(run / "checkpoints/step-900");
  make_model(run / "final");
  EXPECT_EQ(resolved(run.path), run / "final");
}

TEST(Resolve, OfAnUnfinishedRunTheNewestCompleteCheckpoint) {
  ModelFolder run;
  make_model(run / "checkpoints/step-9");
  make_model(run / "checkpoints/step-100");
  make_model(run / "checkpoints/step-200", false);  // no weights yet
  make_model(run / "checkpoints/step-300.tmp");
  make_model(run / "checkpoints/step-");
  make_model(run / "checkpoints/step-99999999999999999999999");
  make_model(run / "final", false);
  EXPECT_EQ(resolved(run.path), run / "checkpoints/step-100");
}

TEST(Resolve, ErrorsSayWhatWasLookedFor) {
  ModelFolder folder;
  const std::string nothing = resolved(folder.path);
  EXPECT_TRUE(contains(nothing, folder.path));
  EXPECT_TRUE(contains(nothing, "config.json"));
  EXPECT_TRUE(contains(nothing, "checkpoints/step-N"));
  EXPECT_TRUE(contains(resolved(folder / "absent"), "does not exist"));
  ASSERT_TRUE(real_files().write(folder / "m.gguf", "GGUF").ok());
  EXPECT_TRUE(contains(resolved(folder / "m.gguf"), "GGUF"));
  ASSERT_TRUE(real_files().write(folder / "notes.txt", "").ok());
  EXPECT_TRUE(contains(resolved(folder / "notes.txt"), "is a file"));
  ASSERT_TRUE(real_files().write(folder / "checkpoints", "").ok());
  EXPECT_TRUE(contains(resolved(folder.path), "holds no model"));
}

}  // namespace
}  // namespace r1
