// Unwrapping a secret lies on the path of every cache miss: it may take a cell of the arena, and nothing from the heap.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "keyfold/kms/vault/vault_testing.h"

namespace {
thread_local int allocations = 0;
}

// NOLINTBEGIN(misc-new-delete-overloads)
void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND(misc-new-delete-overloads)

namespace keyfold::vault {
namespace {

TEST(OpenSecret, TakesNothingFromTheHeapInSteadyState) {
  const auto memory = storage::open_memory_store();
  SeededRandom random(1);
  const auto store = open_with(*memory, random);
  ASSERT_TRUE(store);
  const auto made = commit(**store, {put(test_name(RecordType::material, "m"), "thirty-two bytes of key material")});
  ASSERT_TRUE(made);
  const auto& record = made->records[0];
  ASSERT_TRUE((*store)->open_secret(record));  // Fills what the thread reuses.
  const int before = allocations;
  int opened = 0;
  for (int i = 0; i < 1000; ++i) opened += (*store)->open_secret(record) ? 1 : 0;
  EXPECT_EQ(allocations - before, 0);
  EXPECT_EQ(opened, 1000);
}

}  // namespace
}  // namespace keyfold::vault
