// What sealing and opening cost in memory: a few frames whatever the size, nothing per frame. Every allocation of the
// process is counted: operator new, and libcrypto's own.
// Not under the thread sanitizer, which has an operator new of its own that cannot be replaced.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KEYFOLD_THREAD_SANITIZER
#endif
#endif
#ifndef KEYFOLD_THREAD_SANITIZER

#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/crypto.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "keyfold/envelope/keyrings/caching_materials_manager.h"
#include "keyfold/envelope/seal/frames.h"
#include "keyfold/envelope/seal/messages_test.h"

namespace {

std::atomic<std::int64_t> allocations = 0;
std::atomic<std::int64_t> live_bytes = 0;
std::atomic<std::int64_t> live_bytes_max = 0;

void* count(void* block) {
  if (block == nullptr) return block;
  ++allocations;
  const auto live = live_bytes += static_cast<std::int64_t>(malloc_usable_size(block));
  for (auto most = live_bytes_max.load(); live > most && !live_bytes_max.compare_exchange_weak(most, live);) {
  }
  return block;
}
// Secrets that no block may still hold when it is given back.
std::array<std::array<unsigned char, 32>, 3> planted;
std::size_t planted_count = 0;
std::atomic<int> given_back_with_a_secret = 0;

void uncount(void* block) {
  if (block != nullptr) {
    const auto size = malloc_usable_size(block);
    live_bytes -= static_cast<std::int64_t>(size);
    for (std::size_t i = 0; i < planted_count; ++i)
      if (memmem(block, size, planted[i].data(), planted[i].size()) != nullptr) ++given_back_with_a_secret;
  }
  std::free(block);
}
void* counted_new(std::size_t size) {
  void* block = count(std::malloc(size == 0 ? 1 : size));
  if (block == nullptr) std::abort();
  return block;
}

void* crypto_malloc(std::size_t size, const char*, int) { return count(std::malloc(size)); }
void* crypto_realloc(void* old, std::size_t size, const char*, int) {
  if (old != nullptr) live_bytes -= static_cast<std::int64_t>(malloc_usable_size(old));
  return count(std::realloc(old, size));
}
void crypto_free(void* block, const char*, int) { uncount(block); }
// Before main(): libcrypto refuses once it has allocated anything.
const int crypto_is_counted = CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);

}  // namespace

void* operator new(std::size_t size) { return counted_new(size); }
void* operator new[](std::size_t size) { return counted_new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted_new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted_new(size); }
void operator delete(void* block) noexcept { uncount(block); }
void operator delete[](void* block) noexcept { uncount(block); }
void operator delete(void* block, std::size_t) noexcept { uncount(block); }
void operator delete[](void* block, std::size_t) noexcept { uncount(block); }

namespace keyfold::seal {
namespace {

using namespace keyfold::seal::testing;

class NullSink final : public Sink {
 public:
  Outcome write(BytesView bytes) override {
    size += bytes.size();
    return ok();
  }
  std::uint64_t size = 0;
};

// Seals and opens `frames` frames, one after another, holding none. Returns allocations made between the third and the
// last of them.
std::int64_t allocations_of(materials::SuiteId suite, std::uint32_t frame_length, int frames) {
  const Envelope envelope(raw_keyring());
  NullSink plain;
  auto opener = envelope.opener(plain, {.signed_release = SignedRelease::to_quarantine});
  class Pipe final : public Sink {
   public:
    explicit Pipe(Opener& to) : to_(to) {}
    Outcome write(BytesView bytes) override { return to_.update(bytes); }

   private:
    Opener& to_;
  } pipe(opener);
  auto sealer = envelope.sealer(pipe, {.suite = suite, .frame_length = frame_length});
  EXPECT_TRUE(sealer);
  const auto piece = some_plaintext(frame_length);
  std::int64_t before = 0;
  for (int i = 0; i < frames; ++i) {
    if (i == 3) before = allocations;
    EXPECT_TRUE(sealer->update(piece));
  }
  const auto made = allocations - before;
  EXPECT_TRUE(sealer->finish());
  EXPECT_TRUE(opener.finish());
  EXPECT_EQ(plain.size, std::uint64_t{frame_length} * static_cast<std::uint64_t>(frames));
  return made;
}

TEST(Memory, CountsLibcryptosAllocationsToo) {
  ASSERT_EQ(crypto_is_counted, 1);
  const auto before = allocations.load();
  crypto::AesGcm gcm;
  ASSERT_TRUE(gcm.set_key(Bytes(32)));
  EXPECT_GT(allocations.load(), before);
}

TEST(Memory, NothingIsAllocatedPerFrame) {
  for (const auto suite : both_suites) EXPECT_EQ(allocations_of(suite, 1000, 500), 0) << materials::to_string(suite);
}

TEST(Memory, NothingIsAllocatedPerFrameInMemory) {
  const Envelope envelope(raw_keyring());
  const auto count_for = [&](std::size_t frames, materials::SuiteId suite) {
    const auto plaintext = some_plaintext(frames * 1000);
    Bytes sealed(plaintext.size() + frames * 32 + 2000), opened(plaintext.size());
    const auto before = allocations.load();
    const auto used = envelope.seal_into(plaintext, sealed, {.suite = suite, .frame_length = 1000});
    EXPECT_TRUE(used);
    EXPECT_TRUE(envelope.open_into(BytesView(sealed).first(*used), opened));
    return allocations.load() - before;
  };
  count_for(1, unsigned_suite);
  // Unsigned: exactly as many for a thousand frames as for one. (Signing takes a number of libcrypto's allocations that
  // varies.)
  EXPECT_EQ(count_for(1000, unsigned_suite), count_for(1, unsigned_suite));
  count_for(1, signed_suite);
  EXPECT_LT(count_for(1000, signed_suite) - count_for(1, signed_suite), 100);
}

TEST(Memory, StaysAtAFewFramesFor64MiB) {
  constexpr std::uint32_t frame_length = 65536;
  for (const auto suite : both_suites) {
    allocations_of(suite, frame_length, 4);  // Whatever libcrypto keeps once it was used.
    const auto before = live_bytes.load();
    live_bytes_max = before;
    allocations_of(suite, frame_length, 1024);
    const auto most = live_bytes_max - before;
    EXPECT_LT(most, 8 * std::int64_t{frame_length}) << materials::to_string(suite);
    EXPECT_EQ(live_bytes - before, 0);
  }
}

// "Small messages: no allocation in steady state": with a data key at hand, neither sealing nor opening one allocates.
TEST(Memory, NothingIsAllocatedForASmallMessageWhoseDataKeyIsCached) {
  const auto manager = *keyrings::caching_materials_manager(keyrings::default_materials_manager(raw_keyring()),
                                                            {.messages_max = 1'000'000});
  const Envelope envelope(manager);
  const SealOptions options{.encryption_context = {{"tenant", "4711"}, {"purpose", "ledger"}}};
  const OpenOptions opening{.required_context = {{"tenant", "4711"}}};
  for (const std::size_t size : {0U, 64U, 1024U, 10'000U}) {
    const auto plaintext = some_plaintext(size);
    Bytes sealed(size + 2000), opened(size);
    const auto both = [&] {
      const auto used = envelope.seal_into(plaintext, sealed, options);
      ASSERT_TRUE(used);
      ASSERT_TRUE(envelope.open_into(BytesView(sealed).first(*used), opened, opening));
    };
    for (int i = 0; i < 10; ++i) both();
    const auto before = allocations.load();
    for (int i = 0; i < 1000; ++i) both();
    EXPECT_EQ(allocations.load() - before, 0) << size;
    EXPECT_EQ(opened, plaintext);
  }
}

class Zeros final : public Source {
 public:
  explicit Zeros(std::size_t size) : left_(size) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    const auto given = std::min(out.size(), left_);
    left_ -= given;
    return given;
  }

 private:
  std::size_t left_;
};

TEST(Memory, StaysAtAFewPiecesWithSeveralThreads) {
  const Envelope envelope(raw_keyring());
  constexpr std::size_t size = std::size_t{64} << 20;
  for (const auto suite : both_suites) {
    Zeros zeros(size);
    NullSink sink;
    const auto before = live_bytes.load();
    live_bytes_max = before;
    ASSERT_TRUE(envelope.seal(zeros, sink, {.suite = suite, .frame_length = 65536, .threads = 2}));
    EXPECT_GT(sink.size, size);
    EXPECT_LT(live_bytes_max - before, std::int64_t{4} << 20);
  }
}

// Whoever seals chooses the frame length.
TEST(Memory, StaysAtTheBytesOfAStreamWithManyThreadsAndLongFrames) {
  const Envelope envelope(raw_keyring());
  constexpr std::size_t frame_length = std::size_t{32} << 20;
  constexpr auto held_max = static_cast<std::int64_t>(2 * stream_bytes_max + (1U << 20));
  Bytes sealed;
  sealed.reserve(5 * frame_length + 2000);
  BytesSink sink(sealed);
  Zeros zeros(5 * frame_length);
  auto before = live_bytes.load();
  live_bytes_max = before;
  ASSERT_TRUE(envelope.seal(zeros, sink, {.frame_length = frame_length, .threads = 5}));
  EXPECT_LT(live_bytes_max - before, held_max);
  BytesSource source(sealed);
  NullSink released;
  before = live_bytes;
  live_bytes_max = before;
  ASSERT_TRUE(envelope.open(source, released, {.threads = 5}));
  EXPECT_EQ(released.size, 5 * frame_length);
  EXPECT_LT(live_bytes_max - before, held_max);
}

void plant(BytesView secret) {
  ASSERT_EQ(secret.size(), planted[planted_count].size());
  std::memcpy(planted[planted_count].data(), secret.data(), secret.size());
  ++planted_count;
}

// Plants the data key of every message and the key derived from it.
class PlantingKeyring final : public keyrings::Keyring {
 public:
  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    materials.data_key = *SecretBytes::copy_of(some_plaintext(32, 99));
    materials.encrypted_data_keys.emplace_back("planting", as_bytes("k"), as_bytes("c"));
    return ok();
  }
  Result<SecretBytes> on_decrypt(const keyrings::WrappedKeys&) const override {
    return SecretBytes::copy_of(some_plaintext(32, 99));
  }
  std::string describe() const override { return "planting"; }
};

TEST(Memory, NoBlockIsGivenBackWithAKeyInIt) {
  for (const auto suite : both_suites) {
    const auto data_key = some_plaintext(32, 99);
    const auto wrapping_key = some_plaintext(32, 98);
    Bytes message_key;
    planted_count = 0;
    given_back_with_a_secret = 0;
    {
      // First a message to learn what its key is derived from; then all of it again, watched.
      const Envelope envelope(std::make_shared<PlantingKeyring>());
      const auto sealed = *envelope.seal("text", {.suite = suite});
      const auto header = std::get<message::Header>(*message::read_header(sealed, {}));
      message_key = message_key_of(*header.body.suite, *SecretBytes::copy_of(data_key), header.body.message_id.view());
      plant(message_key);
      plant(data_key);
      EXPECT_TRUE(envelope.open(sealed));
    }
    EXPECT_EQ(given_back_with_a_secret, 1) << "the one that PlantingKeyring itself gave back: the watch works";
    given_back_with_a_secret = 0;
    plant(wrapping_key);
    {
      auto raw = *keyrings::raw_aes_keyring({"tests", "planted", *SecretBytes::copy_of(wrapping_key)});
      EXPECT_TRUE(Envelope(raw).open(*Envelope(raw).seal("text", {.suite = suite})));
    }
    EXPECT_EQ(given_back_with_a_secret, 0);
    planted_count = 0;
  }
}

// As the secret, a piece of the plaintext: what a growing buffer leaves behind counts.
TEST(Memory, NoBlockIsGivenBackWithPlaintextInItWhenDataArrivesInPieces) {
  const auto mark = some_plaintext(32, 97);
  Bytes plaintext;
  plaintext.reserve(100'032);  // Growing, it would leave marks in free blocks that others then get.
  while (plaintext.size() < 100'000) plaintext.insert(plaintext.end(), mark.begin(), mark.end());
  const Envelope envelope(raw_keyring());
  for (const auto suite : both_suites) {
    planted_count = 0;
    given_back_with_a_secret = 0;
    plant(mark);
    const auto sealed = seal_in_steps(envelope, plaintext, 700, {.suite = suite, .frame_length = 1000});
    ASSERT_TRUE(sealed);
    const auto opens = [&](BytesView message) {
      NullSink sink;
      auto opener = envelope.opener(sink);
      for (auto rest = message; !rest.empty(); rest = rest.subspan(std::min<std::size_t>(700, rest.size())))
        if (!opener.update(rest.first(std::min<std::size_t>(700, rest.size())))) return false;
      return opener.finish().has_value() && sink.size == plaintext.size();
    };
    EXPECT_TRUE(opens(*sealed));
    EXPECT_FALSE(opens(BytesView(*sealed).first(sealed->size() - 1)));
    EXPECT_EQ(given_back_with_a_secret, 0) << materials::to_string(suite);
    planted_count = 0;
  }
  plant(mark);
  {
    const Bytes copy = plaintext;
  }
  EXPECT_EQ(given_back_with_a_secret, 1) << "the watch works";
  planted_count = 0;
}

}  // namespace
}  // namespace keyfold::seal

#endif
