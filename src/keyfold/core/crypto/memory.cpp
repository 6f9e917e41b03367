#include "keyfold/core/crypto/memory.h"

#include <openssl/crypto.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "keyfold/core/base/arena.h"
#include "keyfold/core/base/bytes.h"

namespace keyfold::crypto {

#ifdef KEYFOLD_ARENA_IS_HEAP

void use_wiping_memory() {}

#else

namespace {

enum class Home : std::uint64_t { arena, heap };

// Stands before every block: libcrypto does not say how large what it gives back is. 16 bytes, so that blocks stay
// aligned.
struct alignas(16) Head {
  std::size_t whole_size;  // Bytes, this included.
  Home home;
};
static_assert(sizeof(Head) == 16);

// TLS connections bring many small blocks. They may take half of the arena, so that there is always room for our own
// secrets.
constexpr std::size_t arena_share_max = arena_size_default / 2;
std::atomic<std::size_t> arena_share = 0;

Head* head_of(void* block) { return static_cast<Head*>(block) - 1; }

Head* from_arena(std::size_t whole_size) {
  if (whole_size > arena_cell_max) return nullptr;
  if (arena_share.fetch_add(whole_size, std::memory_order_relaxed) + whole_size <= arena_share_max) {
    if (auto* cell = arena_allocate(whole_size)) return reinterpret_cast<Head*>(cell);
  }
  arena_share.fetch_sub(whole_size, std::memory_order_relaxed);
  return nullptr;
}

void* allocate(std::size_t size, const char* /*file*/, int /*line*/) {
  if (size == 0 || size > SIZE_MAX - sizeof(Head)) return nullptr;
  const std::size_t whole_size = size + sizeof(Head);
  Home home = Home::arena;
  Head* head = from_arena(whole_size);
  if (head == nullptr) {
    home = Home::heap;
    head = static_cast<Head*>(std::malloc(whole_size));
    if (head == nullptr) return nullptr;
  }
  *head = {.whole_size = whole_size, .home = home};
  return head + 1;
}

void release(void* block, const char* /*file*/, int /*line*/) {
  if (block == nullptr) return;
  Head* head = head_of(block);
  const std::size_t whole_size = head->whole_size;
  auto* memory = reinterpret_cast<std::byte*>(head);
  if (head->home == Home::arena) {
    arena_release(memory, whole_size);
    arena_share.fetch_sub(whole_size, std::memory_order_relaxed);
    return;
  }
  wipe(std::span(memory, whole_size));
  std::free(memory);
}

void* resize(void* block, std::size_t size, const char* file, int line) {
  if (block == nullptr) return allocate(size, file, line);
  if (size == 0) {
    release(block, file, line);
    return nullptr;
  }
  void* moved = allocate(size, file, line);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(size, head_of(block)->whole_size - sizeof(Head)));
  release(block, file, line);
  return moved;
}

}  // namespace

void use_wiping_memory() { KEYFOLD_CHECK(CRYPTO_set_mem_functions(allocate, resize, release) == 1); }

#endif

}  // namespace keyfold::crypto
