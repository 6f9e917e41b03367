// Unwrapping a secret lies on the path of every cache miss: it may take a cell of the arena, and nothing from the heap.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "keyfold/kms/vault/vault_testing.h"

// The sanitizers bring an operator new of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEYFOLD_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KEYFOLD_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef KEYFOLD_COUNTS_ALLOCATIONS
#define KEYFOLD_COUNTS_ALLOCATIONS 1
#endif

namespace {
thread_local int allocations = 0;
}

#if KEYFOLD_COUNTS_ALLOCATIONS

// NOLINTBEGIN(misc-new-delete-overloads)
void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND(misc-new-delete-overloads)
#endif

namespace keyfold::vault {
namespace {

TEST(OpenSecret, TakesNothingFromTheHeapInSteadyState) {
  if (KEYFOLD_COUNTS_ALLOCATIONS == 0) GTEST_SKIP() << "the sanitizers have the allocator";
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
