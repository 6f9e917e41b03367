#include "keyfold/core/crypto/memory.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdio>
#include <cstring>
#include <map>

#include "keyfold/core/base/arena.h"
#include "keyfold/core/base/bytes.h"
#include "keyfold/core/crypto/aead.h"
#include "keyfold/core/crypto/kdf.h"

#ifndef KEYFOLD_ARENA_IS_HEAP

namespace keyfold::crypto {
namespace {

// libcrypto's allocator can be chosen only before it first allocates: each test runs in a process of its own.
class WipingMemoryDeathTest : public testing::Test {
 protected:
  WipingMemoryDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

[[noreturn]] void pass_if(bool condition) { std::_Exit(condition ? 0 : 1); }

bool is_zero(const unsigned char* bytes, std::size_t size) {
  return std::all_of(bytes, bytes + size, [](unsigned char b) { return b == 0; });
}

TEST_F(WipingMemoryDeathTest, KeepsBlocksOfUpTo4KiBInTheArenaAligned) {
  EXPECT_EXIT(
      {
        use_wiping_memory();
        bool good = true;
        for (std::size_t size = 1; size <= 6000; size += 7) {
          void* block = OPENSSL_malloc(size);
          good = good && block != nullptr && reinterpret_cast<std::uintptr_t>(block) % 16 == 0;
          good = good && arena_contains(block) == (size + 16 <= arena_cell_max);
          std::memset(block, 0xAA, size);
          OPENSSL_free(block);
        }
        pass_if(good);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(WipingMemoryDeathTest, WipesWhatIsGivenBackAndWhatIsLeftBehindByAResize) {
  EXPECT_EXIT(
      {
        use_wiping_memory();
        bool good = true;
        for (const std::size_t size : {40U, 500U, 4000U}) {
          auto* block = static_cast<unsigned char*>(OPENSSL_malloc(size));
          std::memset(block, 0xAA, size);
          auto* grown = static_cast<unsigned char*>(OPENSSL_realloc(block, size * 2));
          // The arena's memory stays mapped; its first 8 bytes may link free cells, but the head stood before the
          // block.
          good = good && is_zero(block, size) && grown[0] == 0xAA && grown[size - 1] == 0xAA;
          OPENSSL_free(grown);
          if (arena_contains(grown)) good = good && is_zero(grown, size * 2);
        }
        pass_if(good);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(WipingMemoryDeathTest, LeavesHalfOfTheArenaToOurOwnSecrets) {
  EXPECT_EXIT(
      {
        use_wiping_memory();
        std::size_t in_arena = 0;
        for (int i = 0; i < 10'000; ++i) in_arena += arena_contains(OPENSSL_malloc(1000)) ? 1 : 0;
        std::byte* ours = arena_allocate(1024);
        pass_if(in_arena > 1000 && in_arena * 1016 <= arena_size_default / 2 && ours != nullptr);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(WipingMemoryDeathTest, CryptographyWorksOnIt) {
  EXPECT_EXIT(
      {
        use_wiping_memory();
        const ByteArray<32> key{};
        ByteArray<20> sealed;
        ByteArray<4> opened;
        const bool good = seal_derived(key, "l", key, key, to_bytes("text"), sealed).has_value() &&
                          open_derived(key, "l", key, key, sealed, opened).has_value() && as_text(opened) == "text" &&
                          arena_use().carved > 100'000;
        pass_if(good);
      },
      testing::ExitedWithCode(0), "");
}

// Blocks of libcrypto's that have not been given back.
std::map<void*, std::size_t> live_blocks;
void* remembered_malloc(std::size_t size, const char*, int) {
  void* block = std::malloc(size);
  live_blocks[block] = size;
  return block;
}
void* remembered_realloc(void* old, std::size_t size, const char*, int) {
  live_blocks.erase(old);
  void* block = std::realloc(old, size);
  live_blocks[block] = size;
  return block;
}
void remembered_free(void* block, const char*, int) {
  live_blocks.erase(block);
  std::free(block);
}
bool libcrypto_holds(BytesView secret) {
  return std::ranges::any_of(live_blocks, [&](const auto& block) {
    return memmem(block.first, block.second, secret.data(), secret.size()) != nullptr;
  });
}

TEST_F(WipingMemoryDeathTest, TheKeyOfOneUseIsGoneAfterIt) {
  EXPECT_EXIT(
      {
        CRYPTO_set_mem_functions(remembered_malloc, remembered_realloc, remembered_free);
        const ByteArray<32> key{};
        ByteArray<20> sealed;
        ByteArray<4> opened;
        ByteArray<44> derived;
        bool good = kbkdf_hmac_sha256(key, "l", key, derived).has_value();
        const auto derived_key = BytesView(derived).first(32);
        good = good && seal_derived(key, "l", key, key, to_bytes("text"), sealed).has_value();
        good = good && !libcrypto_holds(derived_key);
        good = good && open_derived(key, "l", key, key, sealed, opened).has_value();
        good = good && !libcrypto_holds(derived_key);
        AesGcm kept;  // The search finds what is there.
        good = good && kept.set_key(derived_key).has_value() && libcrypto_holds(derived_key);
        pass_if(good);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(WipingMemoryDeathTest, StopsWhenItComesTooLate) {
  EXPECT_DEATH(
      {
        OPENSSL_free(OPENSSL_malloc(1));
        use_wiping_memory();
      },
      "CHECK failed");
}

}  // namespace
}  // namespace keyfold::crypto

#endif
