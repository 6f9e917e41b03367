// What is known beforehand to be beyond the limits costs no call.

#include "keyfold/envelope/seal/start.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "keyfold/envelope/seal/messages_test.h"

namespace keyfold::seal {
namespace {

using namespace keyfold::seal::testing;

class Beforehand : public ::testing::Test {
 protected:
  std::shared_ptr<const CountingKeyring> keyring = std::make_shared<CountingKeyring>(raw_keyring());
  Envelope envelope{keyring};

  // In every way; how often it came to a call.
  int calls_of_refused(const Envelope& sealing, const SealOptions& options) {
    keyring->calls = 0;
    const auto refused = [](const auto& sealed) { return !sealed && sealed.error().code == ErrorCode::invalid_input; };
    Bytes out(10'000), written;
    BytesSink sink(written);
    BytesSource source(out);
    EXPECT_TRUE(refused(sealing.seal("x", options)));
    EXPECT_TRUE(refused(sealing.seal_into({}, out, options)));
    EXPECT_TRUE(refused(sealing.seal(source, sink, options)));
    EXPECT_TRUE(refused(sealing.sealer(sink, options)));
    EXPECT_TRUE(refused(sealing.seal_batch(std::vector<BytesView>(2), options)));
    return keyring->calls;
  }
};

std::size_t written_size(const Bytes& sealed) {
  return std::get<message::Header>(*message::read_header(sealed, {})).body.encryption_context.size();
}

TEST_F(Beforehand, AContextBeyondTheLimitIsRefusedBeforeAnyKeyringIsAsked) {
  for (const auto suite : both_suites) {
    SealOptions options{.encryption_context = {{"tenant", "4711"}, {"row", "7"}}, .suite = suite};
    const auto size = written_size(*envelope.seal("x", options));  // With the public key, when it signs.
    options.limits.encryption_context_size_max = size;
    EXPECT_TRUE(envelope.seal("x", options));
    options.limits.encryption_context_size_max = size - 1;
    EXPECT_EQ(calls_of_refused(envelope, options), 0) << materials::to_string(suite);
    options.limits.encryption_context_size_max = SIZE_MAX;
    options.encryption_context.set("large", std::string(65'535, 'v'));
    EXPECT_EQ(calls_of_refused(envelope, options), 0) << "no header has room for it";
  }
  SealOptions none;
  none.limits.encryption_context_size_max = 0;
  EXPECT_TRUE(envelope.seal("x", none)) << "nothing takes nothing";
}

TEST_F(Beforehand, PairsThatAreNotWrittenTakeNoRoom) {
  const Envelope terse(
      keyrings::required_context_materials_manager(keyrings::default_materials_manager(keyring), {"patient"}));
  SealOptions options{.encryption_context = {{"patient", std::string(200, 'p')}, {"row", "7"}}};
  options.limits.encryption_context_size_max = 2 + 4 + 4;
  const auto sealed = terse.seal("x", options);
  ASSERT_TRUE(sealed) << sealed.error().message;
  EXPECT_EQ(written_size(*sealed), 10U);
  options.limits.encryption_context_size_max = 9;
  EXPECT_EQ(calls_of_refused(terse, options), 0);
}

TEST_F(Beforehand, PlaintextOfTooManyFramesIsRefusedBeforeAnyKeyringIsAsked) {
  constexpr std::size_t size = std::size_t{1} << 32;  // Addresses alone: nothing of it is read.
  void* const mapped = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  const BytesView plaintext(static_cast<const std::byte*>(mapped), size);
  Bytes out(100);
  for (const auto& refused : {envelope.seal_into(plaintext, out, {.frame_length = 1}).error(),
                              envelope.seal(plaintext, {.frame_length = 1}).error()})
    EXPECT_EQ(refused.code, ErrorCode::invalid_input) << refused.message;
  EXPECT_EQ(keyring->calls, 0);
  munmap(mapped, size);
}

TEST_F(Beforehand, MorePlaintextMayBeAnnouncedThanComes) {
  Bytes sealed;
  BytesSink sink(sealed);
  BytesSource source({});
  EXPECT_TRUE(envelope.seal(source, sink, {.frame_length = 1, .plaintext_size_max = UINT64_MAX}));
}

}  // namespace
}  // namespace keyfold::seal
