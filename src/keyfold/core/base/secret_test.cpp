#include "keyfold/core/base/secret.h"

#include <gtest/gtest.h>

#include "keyfold/core/base/arena.h"
#include "keyfold/core/base/bytes.h"

namespace keyfold {
namespace {

static_assert(!std::is_copy_constructible_v<SecretBytes> && !std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes> && std::is_nothrow_move_assignable_v<SecretBytes>);

SecretBytes secret(std::size_t size, std::byte value = std::byte{0xAA}) {
  return *SecretBytes::copy_of(Bytes(size, value));
}

// Whether the memory that held a secret is zero by now, but for the arena's own link to the next free cell.
bool wiped(const std::byte* memory, std::size_t size) {
  return std::all_of(memory + sizeof(void*), memory + size, [](std::byte b) { return b == std::byte{0}; });
}

TEST(SecretBytes, HoldsACopyOfEverySize) {
  for (const std::size_t size : {0U, 1U, 31U, 32U, 33U, 64U, 100U, 4095U, 4096U, 4097U, 20'000U, 65'536U}) {
    const auto made = SecretBytes::copy_of(Bytes(size, std::byte{7}));
    ASSERT_TRUE(made) << size;
    EXPECT_EQ(made->size(), size);
    EXPECT_EQ(made->empty(), size == 0);
    EXPECT_TRUE(std::ranges::equal(made->reveal(), Bytes(size, std::byte{7})));
    const auto zero = SecretBytes::zeroed(size);
    ASSERT_TRUE(zero);
    EXPECT_TRUE(std::ranges::equal(zero->reveal(), Bytes(size)));
  }
  const auto too_large = SecretBytes::zeroed(SecretBytes::size_max + 1);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, ErrorCode::invalid_input);
}

TEST(SecretBytes, IsEqualByContentAndLength) {
  EXPECT_TRUE(secret(32) == secret(32));
  EXPECT_FALSE(secret(32) == secret(31));
  EXPECT_FALSE(secret(32) == secret(32, std::byte{1}));
  EXPECT_TRUE(SecretBytes() == SecretBytes());
}

TEST(SecretBytes, MovesWithoutCopying) {
  SecretBytes a = secret(32);
  const auto* memory = a.reveal().data();
  SecretBytes b = std::move(a);
  EXPECT_EQ(b.reveal().data(), memory);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that it is empty is what is tested.
  SecretBytes& self = b;
  b = std::move(self);
  EXPECT_EQ(b.size(), 32U) << "moved onto itself";
}

TEST(SecretBytes, IsWipedWhenItGoesIsClearedOrReplaced) {
  if (!arena_contains(secret(64).reveal().data()))
    GTEST_SKIP() << "under the sanitizers the memory is gone, and may not be read";
  for (const std::size_t size : {32U, 64U, 100U, 1000U, 4096U}) {
    const std::byte* memory = nullptr;
    {
      const SecretBytes gone = secret(size);
      memory = gone.reveal().data();
      ASSERT_FALSE(wiped(memory, size));
    }
    EXPECT_TRUE(wiped(memory, size)) << size;

    SecretBytes cleared = secret(size);
    memory = cleared.reveal().data();
    cleared.clear();
    EXPECT_TRUE(cleared.empty());
    EXPECT_TRUE(wiped(memory, size)) << size;

    SecretBytes replaced = secret(size);
    SecretBytes other = secret(size);
    memory = replaced.reveal().data();
    replaced = std::move(other);
    EXPECT_TRUE(wiped(memory, size)) << "at once, not when `other` goes";
  }
}

}  // namespace
}  // namespace keyfold
