#include "keyfold/core/base/arena.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace keyfold {
namespace {

// Under the sanitizers the cells are ordinary heap blocks: what is said of the mapping does not hold.
#ifdef KEYFOLD_ARENA_IS_HEAP
#define SKIP_IF_HEAP() GTEST_SKIP() << "under the sanitizers the arena is the heap"
#else
#define SKIP_IF_HEAP() static_cast<void>(0)
#endif

bool is_zero(const std::byte* bytes, std::size_t size) {
  return std::all_of(bytes, bytes + size, [](std::byte b) { return b == std::byte{0}; });
}

TEST(Arena, GivesZeroedCellsOfEverySizeThatDoNotOverlap) {
  struct Cell {
    std::byte* at;
    std::size_t size;
  };
  std::vector<Cell> cells;
  for (std::size_t size = 1; size <= 9000; size += size < 200 ? 1 : 97) {
    std::byte* cell = arena_allocate(size);
    ASSERT_NE(cell, nullptr) << size;
    EXPECT_TRUE(is_zero(cell, size)) << size;
    std::memset(cell, static_cast<int>(size % 255 + 1), size);
    cells.push_back({.at = cell, .size = size});
  }
  for (const auto& [at, size] : cells) {
    const auto expected = static_cast<std::byte>(size % 255 + 1);
    EXPECT_TRUE(std::all_of(at, at + size, [&](std::byte b) { return b == expected; })) << size;
    arena_release(at, size);
  }
  arena_release(nullptr, 0);
}

TEST(Arena, GivesBackZeroedWhatIsTakenAgain) {
  for (int round = 0; round < 1000; ++round) {
    std::byte* cell = arena_allocate(48);
    ASSERT_NE(cell, nullptr);
    ASSERT_TRUE(is_zero(cell, 48)) << "its link to the next free cell included";
    std::memset(cell, 0xAA, 48);
    arena_release(cell, 48);
  }
}

TEST(Arena, DoesNotGrowWhileCellsComeAndGo) {
  SKIP_IF_HEAP();
  const auto cycle = [] {
    std::vector<std::byte*> cells;
    for (int i = 0; i < 500; ++i) cells.push_back(arena_allocate(64));
    for (auto* cell : cells) arena_release(cell, 64);
  };
  cycle();
  const std::size_t before = arena_use().carved;
  for (int i = 0; i < 200; ++i) cycle();
  EXPECT_LE(arena_use().carved, before);
}

// Each thread gives back what another took: cells wander through the threads' caches.
TEST(Arena, SurvivesThreadsTakingAndGivingAMillionCells) {
  constexpr int thread_count = 4;
  constexpr int rounds = 250'000;
  std::vector<std::thread> threads;
  std::array<std::atomic<std::byte*>, 16> shared{};
  std::atomic<int> spoiled = 0;
  for (int t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < rounds; ++i) {
        std::byte* cell = arena_allocate(40);
        if (cell == nullptr || !is_zero(cell, 40)) {
          ++spoiled;
          continue;
        }
        std::memset(cell, t + 1, 40);
        std::byte* other = shared[static_cast<std::size_t>(i) % 16].exchange(cell);
        if (other == nullptr) continue;
        if (!std::all_of(other, other + 40, [&](std::byte b) { return b == other[0]; })) ++spoiled;
        arena_release(other, 40);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto& cell : shared) arena_release(cell.load(), 40);
  EXPECT_EQ(spoiled, 0);
}

TEST(Arena, KnowsWhatIsItsOwn) {
  SKIP_IF_HEAP();
  std::byte* cell = arena_allocate(32);
  const int local = 0;
  EXPECT_TRUE(arena_contains(cell));
  EXPECT_FALSE(arena_contains(&local));
  EXPECT_FALSE(arena_contains(nullptr));
  arena_release(cell, 32);
}

TEST(Arena, IsLockedAndNotDumped) {
  SKIP_IF_HEAP();
  std::byte* cell = arena_allocate(32);
  const auto address = reinterpret_cast<std::uintptr_t>(cell);
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  std::string flags;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t from = 0, to = 0;
    char dash = 0;
    std::istringstream head(line);
    if (head >> std::hex >> from >> dash >> to && dash == '-') inside = from <= address && address < to;
    if (inside && line.starts_with("VmFlags:")) flags = line + " ";
  }
  EXPECT_NE(flags.find(" lo "), std::string::npos) << flags;
  EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
  EXPECT_NE(flags.find(" wf "), std::string::npos) << flags;
  arena_release(cell, 32);
}

TEST(Arena, IsWipedInAForkedChildWhichCanGoOnUsingIt) {
  SKIP_IF_HEAP();
  std::byte* cell = arena_allocate(64);
  std::memset(cell, 0xAA, 64);
  const pid_t child = fork();
  if (child == 0) {
    bool good = is_zero(cell, 64);
    for (int i = 0; i < 1000; ++i) {
      std::byte* fresh = arena_allocate(64);
      good = good && fresh != nullptr && is_zero(fresh, 64);
      if (fresh != nullptr) std::memset(fresh, 1, 64);
      if (i % 3 == 0) arena_release(fresh, 64);
    }
    _exit(good ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(cell[0], std::byte{0xAA}) << "the parent keeps its own";
  arena_release(cell, 64);
}

class ArenaDeathTest : public testing::Test {
 protected:
  ArenaDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }  // Each in a process, and an arena, of its own.
};

TEST_F(ArenaDeathTest, GivesNullWhenItIsFullAndWorksAgainWhenCellsComeBack) {
  SKIP_IF_HEAP();
  EXPECT_EXIT(
      {
        bool good = prepare_secret_arena(65'536).has_value() && arena_use().size == 65'536;
        std::vector<std::byte*> cells;
        while (auto* cell = arena_allocate(1024)) cells.push_back(cell);
        good = good && cells.size() == 64 && arena_allocate(1000) == nullptr;
        arena_release(cells.back(), 1024);
        good = good && arena_allocate(1024) != nullptr && arena_allocate(1024) == nullptr;
        std::_Exit(good ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ArenaDeathTest, RefusesToGrowOnceItIsThere) {
  SKIP_IF_HEAP();
  EXPECT_EXIT(
      {
        bool good = prepare_secret_arena(65'536).has_value() && prepare_secret_arena(4096).has_value();
        const auto larger = prepare_secret_arena(65'537);
        good = good && !larger && larger.error().code == ErrorCode::unavailable;
        std::_Exit(good ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ArenaDeathTest, HasGuardPagesOnBothSides) {
  SKIP_IF_HEAP();
  const auto edge = [](bool above) {
    if (!prepare_secret_arena(4096)) std::_Exit(0);
    volatile std::byte* page = arena_allocate(4096);
    page[above ? 4095 : 0] = std::byte{1};
    page[above ? 4096 : -1] = std::byte{1};
    std::_Exit(0);
  };
  EXPECT_EXIT(edge(true), testing::KilledBySignal(SIGSEGV), "");
  EXPECT_EXIT(edge(false), testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(ArenaDeathTest, PutsLargeSecretsBetweenGuardPagesOfTheirOwn) {
  SKIP_IF_HEAP();
  const auto overrun = [] {
    volatile std::byte* large = arena_allocate(8192);
    large[8192] = std::byte{1};
    std::_Exit(0);
  };
  EXPECT_EXIT(overrun(), testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace keyfold
