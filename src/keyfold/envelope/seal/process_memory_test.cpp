// Nothing of a message is left in the process when its objects are gone: data key, message key and plaintext are looked
// for in all of its memory that can be written, cipher contexts of threads that live on included.
// Not under the sanitizers: they keep what was given back.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define KEYFOLD_SANITIZER
#endif
#endif
#ifndef KEYFOLD_SANITIZER

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "keyfold/envelope/keyrings/caching_materials_manager.h"
#include "keyfold/envelope/seal/messages_test.h"

namespace keyfold::seal {
namespace {

using namespace keyfold::seal::testing;

constexpr std::size_t mark_size = 32;
constexpr std::byte mask{0xA5};

// Bytes that are looked for, held masked: what holds them must not be found itself.
class Mark {
 public:
  explicit Mark(BytesView secret) {
    EXPECT_EQ(secret.size(), mark_size);
    for (std::size_t i = 0; i < mark_size; ++i) masked_[i] = secret[i] ^ mask;
  }
  bool is_at(const std::byte* at) const {
    for (std::size_t i = 0; i < mark_size; ++i)
      if ((at[i] ^ mask) != masked_[i]) return false;
    return true;
  }

 private:
  ByteArray<mark_size> masked_{};
};

// How often it stands in memory of this process that can be written, this function's own excepted.
std::size_t count_in_process(const Mark& mark) {
  std::ifstream maps("/proc/self/maps");
  const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(memory, 0);
  static std::array<std::byte, std::size_t{1} << 16> window;
  std::size_t found = 0;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    std::string permissions;
    std::istringstream(line) >> std::hex >> begin >> dash >> end >> permissions;
    if (!permissions.starts_with("rw")) continue;
    for (auto at = begin; at < end; at += window.size() - mark_size) {
      const auto wanted = std::min<std::size_t>(window.size(), end - at);
      const auto got = pread(memory, window.data(), wanted, static_cast<off_t>(at));
      for (std::ptrdiff_t i = 0; i + static_cast<std::ptrdiff_t>(mark_size) <= got; ++i) {
        const auto* here = reinterpret_cast<const std::byte*>(at) + i;
        const bool in_window = here + mark_size > window.data() && here < window.data() + window.size();
        if (!in_window && mark.is_at(window.data() + i)) ++found;
      }
    }
  }
  wipe(window);
  close(memory);
  return found;
}

// Hands out one data key, which is known, for every message.
class KnownKeyring final : public keyrings::Keyring {
 public:
  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    auto key = data_key(materials.suite->data_key_size);
    materials.data_key = *SecretBytes::copy_of(key);
    wipe(key);
    materials.encrypted_data_keys.emplace_back("known", as_bytes("k"), as_bytes("c"));
    return ok();
  }
  Result<SecretBytes> on_decrypt(const keyrings::WrappedKeys& wrapped) const override {
    auto key = data_key(wrapped.suite.data_key_size);
    auto copy = SecretBytes::copy_of(key);
    wipe(key);
    return copy;
  }
  std::string describe() const override { return "known"; }
  static Bytes data_key(std::size_t size) {
    auto key = some_plaintext(mark_size, 4'299);
    Bytes part(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(size));
    wipe(key);
    return part;
  }
};

Bytes marked_plaintext(std::size_t size) {
  auto mark = some_plaintext(mark_size, 4'297);
  Bytes plaintext(size);
  for (std::size_t at = 0; at + mark_size <= size; at += mark_size)
    std::ranges::copy(mark, plaintext.begin() + static_cast<std::ptrdiff_t>(at));
  wipe(mark);
  return plaintext;
}

// What a caller holds is wiped by him.
void open_in_every_way(const Envelope& envelope, BytesView sealed, std::size_t size) {
  for (const unsigned threads : {1U, 2U}) {
    auto opened = envelope.open(sealed, {.threads = threads});
    EXPECT_TRUE(opened);
    wipe(opened->plaintext);
    Bytes released(size + 1'000'000);
    released.clear();
    BytesSource source(sealed);
    BytesSink sink(released);
    EXPECT_TRUE(envelope.open(source, sink, {.threads = threads}));
    wipe(released);
  }
  auto reader = envelope.range_reader(std::make_shared<BytesAccess>(sealed));
  if (!reader) return;  // It is signed.
  Bytes part(100'000);
  EXPECT_EQ(*reader->read(size / 2 + 5, part), part.size());
  wipe(part);
}

void seal_in_every_other_way(const Envelope& envelope, BytesView plaintext, const SealOptions& options) {
  for (const unsigned threads : {1U, 2U}) {
    auto with_threads = options;
    with_threads.threads = threads;
    BytesSource source(plaintext);
    Bytes sealed;
    BytesSink sink(sealed);
    EXPECT_TRUE(envelope.seal(source, sink, with_threads));
  }
  const std::vector<BytesView> batch(10, plaintext.first(1000));
  for (auto& one : *envelope.seal_batch(batch, options)) EXPECT_FALSE(one.empty());
  BytesSource source(plaintext);
  auto pulled = *envelope.sealing(source, options);
  Bytes part(100'000);
  while (*pulled->read(part) != 0) {
  }
}

struct Left {
  std::size_t data_key, message_key, plaintext;
};

// After sealing and opening in every way.
Left left_after(const std::shared_ptr<keyrings::MaterialsManager>& given, materials::SuiteId suite, bool still_alive) {
  auto data_key = KnownKeyring::data_key(32);
  const Mark data_key_mark(data_key);
  auto plaintext_part = some_plaintext(mark_size, 4'297);
  const Mark plaintext_mark(plaintext_part);
  wipe(plaintext_part);
  std::optional<Mark> message_key_mark;
  {
    auto manager = given;
    const Envelope envelope(manager);
    auto plaintext = marked_plaintext(700'000);
    const SealOptions sealing{.suite = suite, .frame_length = 65536, .threads = 2};
    Bytes sealed = *envelope.seal(plaintext, sealing);
    const auto header = std::get<message::Header>(*message::read_header(sealed, {}));
    auto message_key =
        message_key_of(*header.body.suite, *SecretBytes::copy_of(data_key), header.body.message_id.view());
    message_key_mark.emplace(message_key);
    wipe(message_key);
    wipe(data_key);
    open_in_every_way(envelope, sealed, plaintext.size());
    seal_in_every_other_way(envelope, plaintext, sealing);
    if (still_alive) {
      EXPECT_GT(count_in_process(plaintext_mark), 0U) << "the search finds what is there";
    }
    wipe(plaintext);
  }
  return {.data_key = count_in_process(data_key_mark),
          .message_key = count_in_process(*message_key_mark),
          .plaintext = count_in_process(plaintext_mark)};
}

TEST(ProcessMemory, HoldsNothingOfAMessageWhenItsObjectsAreGone) {
  for (const auto suite : both_suites) {
    const auto left = left_after(keyrings::default_materials_manager(std::make_shared<KnownKeyring>()), suite, true);
    EXPECT_EQ(left.data_key, 0U) << materials::to_string(suite);
    EXPECT_EQ(left.message_key, 0U) << materials::to_string(suite);
    EXPECT_EQ(left.plaintext, 0U) << materials::to_string(suite);
  }
}

TEST(ProcessMemory, HoldsACachedDataKeyAsLongAsItsCacheAndNoLonger) {
  auto cache =
      *keyrings::caching_materials_manager(keyrings::default_materials_manager(std::make_shared<KnownKeyring>()));
  auto left = left_after(cache, unsigned_suite, false);
  EXPECT_GE(left.data_key, 1U) << "the cache has it, and the search finds it";
  EXPECT_EQ(left.message_key, 0U);
  EXPECT_EQ(left.plaintext, 0U);
  cache.reset();
  auto data_key = KnownKeyring::data_key(32);
  const Mark mark(data_key);
  wipe(data_key);
  EXPECT_EQ(count_in_process(mark), 0U);
}

}  // namespace
}  // namespace keyfold::seal

#endif
