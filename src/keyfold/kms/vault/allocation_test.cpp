// Unwrapping a secret lies on the path of every cache miss: it may take a cell of the arena, and nothing from the heap.

#include <gtest/gtest.h>

#include "keyfold/kms/vault/vault_testing.h"
#include "keyfold/testing/count_malloc.h"

namespace keyfold::vault {
namespace {

TEST(OpenSecret, TakesNothingFromTheHeapInSteadyState) {
  if (KEYFOLD_COUNTS_MALLOC == 0) GTEST_SKIP() << "the sanitizers have the allocator";
  const auto memory = storage::open_memory_store();
  SeededRandom random(1);
  const auto store = open_with(*memory, random);
  ASSERT_TRUE(store);
  const auto made = commit(**store, {put(test_name(RecordType::material, "m"), "thirty-two bytes of key material")});
  ASSERT_TRUE(made);
  const auto& record = made->records[0];
  ASSERT_TRUE((*store)->open_secret(record));  // Fills what the thread reuses.
  const std::size_t before = malloc_calls();
  int opened = 0;
  for (int i = 0; i < 1000; ++i) opened += (*store)->open_secret(record) ? 1 : 0;
  EXPECT_EQ(malloc_calls() - before, 0U);
  EXPECT_EQ(opened, 1000);
}

}  // namespace
}  // namespace keyfold::vault
