#include "keyfold/testing/count_malloc.h"

#include <atomic>
#include <cstdlib>

namespace {
std::atomic<std::size_t> calls = 0;
}

std::size_t keyfold::malloc_calls() { return calls.load(std::memory_order_relaxed); }

#if KEYFOLD_COUNTS_MALLOC

// glibc's own, behind the names that everybody calls; libcrypto must find ours too, hence the visibility.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
__attribute__((visibility("default"))) void* malloc(std::size_t size) {
  calls.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
__attribute__((visibility("default"))) void* calloc(std::size_t count, std::size_t size) {
  calls.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
__attribute__((visibility("default"))) void* realloc(void* block, std::size_t size) {
  calls.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(block, size);
}
}
// NOLINTEND(bugprone-reserved-identifier)

#endif
