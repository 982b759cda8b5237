#include "base/dtype.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(DType, TheTableReadsBothWays) {
  for (const DTypeInfo& info : kDTypes) {
    EXPECT_EQ(dtype_from_name(info.name), info.id);
    EXPECT_EQ(&dtype_info(info.id), &info);
    EXPECT_GT(info.block, 0u);
    EXPECT_GT(info.bytes, 0u);
  }
}

TEST(DType, UnknownNamesAreNothing) {
  for (const char* name : {"", "f32", "F64", "BOOL", "F8_E5M2", "F32 "}) EXPECT_EQ(dtype_from_name(name), std::nullopt);
}

}  // namespace
}  // namespace r1
