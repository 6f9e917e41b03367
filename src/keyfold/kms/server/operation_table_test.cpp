#include "keyfold/kms/server/operation_table.h"

#include <gtest/gtest.h>

#include <set>

#include "keyfold/kms/server/server_testing.h"

namespace keyfold::server {
namespace {

using policy::ResourceKind;

TEST(OperationTable, EveryOperationIsFoundByItsTargetAndNothingElseIs) {
  for (const auto& row : operation_table()) {
    const std::string name(row.name);
    const bool ours = row.api == Api::keyfold;
    EXPECT_EQ(find_operation("TrentService." + name), ours ? nullptr : &row_of(row.operation));
    EXPECT_EQ(find_operation("Keyfold." + name), ours ? &row_of(row.operation) : nullptr);
    EXPECT_EQ(find_operation(name), nullptr);
    EXPECT_EQ(find_operation(target_of(name) + "x"), nullptr);
    EXPECT_EQ(find_operation("trentservice." + name), nullptr);
  }
  EXPECT_EQ(find_operation("TrentService.Sign"), nullptr);
  EXPECT_EQ(find_operation(""), nullptr);
}

TEST(OperationTable, WhateverWritesIsSlowAndRecordedAsAWrite) {
  for (const auto& row : operation_table())
    if (row.access == audit::Access::write) {
      EXPECT_EQ(row.lane, http::Lane::slow) << row.name;
    }
}

}  // namespace
}  // namespace keyfold::server
