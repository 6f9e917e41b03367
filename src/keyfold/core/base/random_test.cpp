#include "keyfold/core/base/random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "keyfold/core/base/arena.h"

namespace keyfold {
namespace {

TEST(SystemRandom, NeverRepeatsItself) {
  SystemRandom random;
  std::set<ByteArray<16>> seen;
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(seen.insert(random.bytes<16>()).second);
}

TEST(SystemRandom, FillsEverySizeToItsLastByte) {
  SystemRandom random;
  for (const std::size_t size : {0U, 1U, 2U, 31U, 4000U, 4087U, 4088U, 4089U, 4096U, 10'000U}) {
    // A last byte that stays zero eight times running would be one in 2^64.
    Bytes sum(size);
    for (int i = 0; i < 8; ++i) {
      Bytes bytes(size);
      random.fill(bytes);
      for (std::size_t at = 0; at < size; ++at) sum[at] |= bytes[at];
    }
    EXPECT_EQ(std::ranges::count(sum, std::byte{0}), 0) << size;
  }
}

TEST(SystemRandom, GivesThreadsDifferentBytes) {
  ByteArray<32> a{};
  ByteArray<32> b{};
  std::thread first([&] { SystemRandom().fill(a); });
  std::thread second([&] { SystemRandom().fill(b); });
  first.join();
  second.join();
  EXPECT_NE(a, b);
}

TEST(SystemRandom, DiscardsItsStockInAForkedChild) {
#ifdef KEYFOLD_ARENA_IS_HEAP
  GTEST_SKIP() << "under the sanitizers the stock is on the heap, which a fork copies";
#endif
  SystemRandom random;
  (void)random.bytes<16>();  // There is a stock now.
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto bytes = random.bytes<32>();
    _exit(write(ends[1], bytes.data(), bytes.size()) == 32 ? 0 : 1);
  }
  ByteArray<32> theirs{};
  ASSERT_EQ(read(ends[0], theirs.data(), theirs.size()), 32);
  int status = 0;
  waitpid(child, &status, 0);
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(status, 0);
  EXPECT_NE(theirs, random.bytes<32>());
}

TEST(Random, MakesSecretsOfTheSizeAskedFor) {
  SystemRandom random;
  const auto a = random.secret(32);
  const auto b = random.secret(32);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->size(), 32U);
  EXPECT_FALSE(*a == *b);
}

TEST(SeededRandom, RepeatsItselfFromItsSeedAlone) {
  SeededRandom a(1), b(1), c(2);
  const auto first = a.bytes<64>();
  EXPECT_EQ(b.bytes<64>(), first);
  EXPECT_NE(c.bytes<64>(), first);
  EXPECT_NE(a.bytes<64>(), first);
}

TEST(Uuid, IsOfVersionFour) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string text(random_uuid(random).view());
    ASSERT_EQ(text.size(), 36U);
    for (std::size_t at = 0; at < 36; ++at) {
      const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
      ASSERT_TRUE(dash ? text[at] == '-'
                       : std::string_view("0123456789abcdef").find(text[at]) != std::string_view::npos);
    }
    EXPECT_EQ(text[14], '4');
    EXPECT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos);
    EXPECT_TRUE(seen.insert(text).second);
  }
}

}  // namespace
}  // namespace keyfold
