#pragma once
// The secret arena: memory for key material. One mapping between guard pages: locked (never swapped), left out of core
// dumps, wiped in a forked child, and wiped whenever a piece of it is given back. Cells of 32 bytes to 4 KiB in eight
// size classes; each thread keeps a few free cells of its own, so that taking one takes no lock. Under the address and
// thread sanitizers the cells are ordinary heap blocks, so that overruns and races are seen. Every function is safe to
// call from several threads.

#include <cstddef>
#include <span>

#include "keyfold/core/base/result.h"

namespace keyfold {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEYFOLD_ARENA_IS_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KEYFOLD_ARENA_IS_HEAP 1
#endif
#endif

inline constexpr std::size_t arena_cell_max = 4096;  // Bytes; a larger secret has a locked mapping of its own.

// Maps and locks the arena: at the first use, with `arena_size_default`, unless this was called before.
// Fails with `unavailable` when the memory cannot be locked (RLIMIT_MEMLOCK) or the arena is there already with less.
// Servers call it first and refuse to start when it fails.
inline constexpr std::size_t arena_size_default = std::size_t{4}
                                                  << 20;  // Bytes: half of a stock machine's RLIMIT_MEMLOCK.
Outcome prepare_secret_arena(std::size_t size = arena_size_default);

// At least `size` zeroed bytes, or null when the arena is full.
std::byte* arena_allocate(std::size_t size) noexcept;
// Wipes and takes back what arena_allocate(size) gave.
void arena_release(std::byte* cell, std::size_t size) noexcept;
// Whether the address lies in the arena's mapping. (Always false under the sanitizers.)
bool arena_contains(const void* address) noexcept;

struct ArenaUse {
  std::size_t size;    // Bytes mapped and locked.
  std::size_t carved;  // Bytes handed to size classes so far: the high-water mark.
};
ArenaUse arena_use() noexcept;

}  // namespace keyfold
