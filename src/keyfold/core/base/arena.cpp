#include "keyfold/core/base/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace keyfold {
namespace {

constexpr std::size_t page = 4096;

#ifndef KEYFOLD_ARENA_IS_HEAP

constexpr std::size_t cell_min = 32;
constexpr std::size_t class_count = 8;  // 32 << 0 … 32 << 7 = 4096

constexpr std::size_t class_of(std::size_t size) {
  return size <= cell_min ? 0 : static_cast<std::size_t>(std::bit_width((size - 1) / cell_min));
}
constexpr std::size_t cell_size(std::size_t size_class) { return cell_min << size_class; }
static_assert(class_of(1) == 0 && class_of(32) == 0 && class_of(33) == 1 && class_of(4096) == class_count - 1);

// A free cell holds the address of the next. (In a forked child the cells are zero: its lists end early, and safely.)
struct FreeCell {
  FreeCell* next;
};

struct FreeList {
  FreeCell* head = nullptr;
  std::size_t count = 0;
  void push(FreeCell* cell) { cell->next = head, head = cell, ++count; }
  FreeCell* pop() {
    FreeCell* cell = head;
    if (cell == nullptr) {
      count = 0;
      return nullptr;
    }
    head = cell->next;
    if (count > 0) --count;
    cell->next = nullptr;  // The rest of the cell is zero: released cells are wiped.
    return cell;
  }
};

class Arena {
 public:
  Outcome prepare(std::size_t size) {
    const std::lock_guard lock(mutex_);
    size = (size + page - 1) / page * page;
    if (size_ != 0) {
      if (size <= size_) return ok();
      return Error{ErrorCode::unavailable, "the secret arena is in use already, with less memory than is asked for"};
    }
    return map(size);
  }

  // Moves up to `wanted` cells to `to`.
  void refill(FreeList& to, std::size_t size_class, std::size_t wanted) {
    const std::lock_guard lock(mutex_);
    if (size_ == 0 && !map(arena_size_default)) return;
    std::size_t taken = 0;
    for (; taken < wanted; ++taken) {
      FreeCell* cell = free_[size_class].pop();
      if (cell == nullptr) break;
      to.push(cell);
    }
    // New ones only when there is no used one, else the arena would grow although cells come back.
    if (taken > 0) return;
    for (; taken < wanted; ++taken) {
      FreeCell* cell = carve(size_class);
      if (cell == nullptr) return;
      to.push(cell);
    }
  }
  void take_back(FreeList& from, std::size_t size_class, std::size_t keep) {
    const std::lock_guard lock(mutex_);
    while (from.count > keep) {
      FreeCell* cell = from.pop();
      if (cell == nullptr) return;
      free_[size_class].push(cell);
    }
  }

  bool contains(const void* address) const {
    const auto* start = start_.load(std::memory_order_acquire);
    const auto* p = static_cast<const std::byte*>(address);
    return start != nullptr && p >= start && p < start + size_;
  }
  ArenaUse use() {
    const std::lock_guard lock(mutex_);
    return {.size = size_, .carved = carved_};
  }

 private:
  Outcome map(std::size_t size) {
    void* whole = mmap(nullptr, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (whole == MAP_FAILED) return Error{ErrorCode::unavailable, "cannot map the secret arena"};
    std::byte* start = static_cast<std::byte*>(whole) + page;
    if (mprotect(start, size, PROT_READ | PROT_WRITE) != 0 || mlock(start, size) != 0 ||
        madvise(start, size, MADV_DONTDUMP) != 0 || madvise(start, size, MADV_WIPEONFORK) != 0) {
      const int reason = errno;
      munmap(whole, size + 2 * page);
      return Error{ErrorCode::unavailable, "cannot lock " + std::to_string(size / 1024) +
                                               " KiB of memory for secrets (" + std::strerror(reason) +
                                               "); raise RLIMIT_MEMLOCK (ulimit -l)"};
    }
    size_ = size;
    start_.store(start, std::memory_order_release);
    return ok();
  }

  FreeCell* carve(std::size_t size_class) {
    const std::size_t size = cell_size(size_class);
    const std::size_t at = (carved_ + size - 1) / size * size;  // A cell is aligned to its size.
    if (at + size > size_) return nullptr;
    carved_ = at + size;
    return reinterpret_cast<FreeCell*>(start_.load(std::memory_order_relaxed) + at);
  }

  std::mutex mutex_;
  std::array<FreeList, class_count> free_;
  std::atomic<std::byte*> start_ = nullptr;
  std::size_t size_ = 0;
  std::size_t carved_ = 0;
};

Arena& arena() {
  static auto* the_arena = new Arena;  // Never destroyed: other statics may hold secrets to the very end.
  return *the_arena;
}

// A thread's own free cells: at most `cache_bytes` of each class.
struct ThreadCache {
  static constexpr std::size_t cache_bytes = 8192;
  std::array<FreeList, class_count> lists;
  ~ThreadCache();
};
thread_local bool cache_gone =
    false;  // Trivially destroyed, so still readable when other thread-locals release secrets.
thread_local ThreadCache cache;

ThreadCache::~ThreadCache() {
  for (std::size_t c = 0; c < class_count; ++c) arena().take_back(lists[c], c, 0);
  cache_gone = true;
}

constexpr std::size_t cache_cells(std::size_t size_class) {
  return std::max<std::size_t>(2, ThreadCache::cache_bytes / cell_size(size_class));
}

#endif

std::size_t mapping_size(std::size_t size) { return (size + page - 1) / page * page + 2 * page; }

std::byte* map_alone(std::size_t size) noexcept {
  const std::size_t whole_size = mapping_size(size);
  void* whole = mmap(nullptr, whole_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (whole == MAP_FAILED) return nullptr;
  std::byte* start = static_cast<std::byte*>(whole) + page;
  const std::size_t inner = whole_size - 2 * page;
  if (mprotect(start, inner, PROT_READ | PROT_WRITE) != 0 || mlock(start, inner) != 0 ||
      madvise(start, inner, MADV_DONTDUMP) != 0 || madvise(start, inner, MADV_WIPEONFORK) != 0) {
    munmap(whole, whole_size);
    return nullptr;
  }
  return start;
}

}  // namespace

#ifdef KEYFOLD_ARENA_IS_HEAP

Outcome prepare_secret_arena(std::size_t) { return ok(); }
std::byte* arena_allocate(std::size_t size) noexcept {
  return size > arena_cell_max ? map_alone(size) : static_cast<std::byte*>(std::calloc(1, size == 0 ? 1 : size));
}
void arena_release(std::byte* cell, std::size_t size) noexcept {
  if (cell == nullptr) return;
  explicit_bzero(cell, size);
  if (size > arena_cell_max) {
    munmap(cell - page, mapping_size(size));
  } else {
    std::free(cell);
  }
}
bool arena_contains(const void*) noexcept { return false; }
ArenaUse arena_use() noexcept { return {.size = 0, .carved = 0}; }

#else

Outcome prepare_secret_arena(std::size_t size) { return arena().prepare(size); }

std::byte* arena_allocate(std::size_t size) noexcept {
  if (size > arena_cell_max) return map_alone(size);
  const std::size_t size_class = class_of(size);
  if (cache_gone) {
    FreeList one;
    arena().refill(one, size_class, 1);
    return reinterpret_cast<std::byte*>(one.pop());
  }
  FreeList& list = cache.lists[size_class];
  if (list.head == nullptr) {
    list.count = 0;
    arena().refill(list, size_class, (cache_cells(size_class) + 1) / 2);
  }
  return reinterpret_cast<std::byte*>(list.pop());
}

void arena_release(std::byte* cell, std::size_t size) noexcept {
  if (cell == nullptr) return;
  if (size > arena_cell_max) {
    explicit_bzero(cell, size);
    munmap(cell - page, mapping_size(size));
    return;
  }
  const std::size_t size_class = class_of(size);
  explicit_bzero(cell, cell_size(size_class));
  auto* free_cell = reinterpret_cast<FreeCell*>(cell);
  if (cache_gone) {
    FreeList one;
    one.push(free_cell);
    arena().take_back(one, size_class, 0);
    return;
  }
  FreeList& list = cache.lists[size_class];
  list.push(free_cell);
  if (list.count > cache_cells(size_class)) arena().take_back(list, size_class, cache_cells(size_class) / 2);
}

bool arena_contains(const void* address) noexcept { return arena().contains(address); }
ArenaUse arena_use() noexcept { return arena().use(); }

#endif

}  // namespace keyfold
