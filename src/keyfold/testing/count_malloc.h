#pragma once
// Counts allocations at malloc itself, so that operator new and libcrypto are counted alike. For the tests that link
// keyfold_count_malloc; nothing else may. The sanitizers have a malloc of their own: under them nothing is counted, and
// a test that counts is left out with `#if KEYFOLD_COUNTS_MALLOC`.

#include <cstddef>

#define KEYFOLD_COUNTS_MALLOC 1
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#undef KEYFOLD_COUNTS_MALLOC
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#undef KEYFOLD_COUNTS_MALLOC
#endif
#endif
#ifndef KEYFOLD_COUNTS_MALLOC
#define KEYFOLD_COUNTS_MALLOC 0
#endif

namespace keyfold {

// Calls of malloc, calloc and realloc since the program began, by all threads. Safe to call from several threads.
std::size_t malloc_calls();

}  // namespace keyfold
