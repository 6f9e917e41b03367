#pragma once
// For the tests of this room: keyrings, plaintexts, and messages taken apart and put together again.

#include <gtest/gtest.h>

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/multi.h"
#include "keyfold/envelope/keyrings/raw_aes.h"
#include "keyfold/envelope/message/body.h"
#include "keyfold/envelope/seal/envelope.h"

namespace keyfold::seal::testing {

inline constexpr auto unsigned_suite = materials::SuiteId::aes_256_gcm_hkdf_sha512_commit_key;
inline constexpr auto signed_suite = materials::SuiteId::aes_256_gcm_hkdf_sha512_commit_key_ecdsa_p384;
inline constexpr std::array both_suites{unsigned_suite, signed_suite};

inline std::shared_ptr<const keyrings::Keyring> raw_keyring(std::string name = "one", std::byte fill = std::byte{7}) {
  auto key = SecretBytes::copy_of(Bytes(32, fill));
  EXPECT_TRUE(key);
  auto keyring = keyrings::raw_aes_keyring({"tests", std::move(name), std::move(*key)});
  EXPECT_TRUE(keyring);
  return *keyring;
}

// Counts how often it is asked.
class CountingKeyring final : public keyrings::Keyring {
 public:
  explicit CountingKeyring(std::shared_ptr<const keyrings::Keyring> inner) : inner_(std::move(inner)) {}
  Outcome on_encrypt(materials::EncryptionMaterials& materials) const override {
    return ++calls, inner_->on_encrypt(materials);
  }
  Result<SecretBytes> on_decrypt(const keyrings::WrappedKeys& wrapped) const override {
    return ++calls, inner_->on_decrypt(wrapped);
  }
  std::string describe() const override { return inner_->describe(); }
  mutable int calls = 0;

 private:
  std::shared_ptr<const keyrings::Keyring> inner_;
};

inline Bytes some_plaintext(std::size_t size, std::uint64_t seed = 1) {
  Bytes bytes(size);
  SeededRandom(seed).fill(bytes);
  return bytes;
}

// A sealed message in pieces: header, each frame, footer (empty when unsigned).
struct Pieces {
  Bytes header;
  std::vector<Bytes> frames;
  Bytes footer;

  Bytes join() const {
    Bytes all = header;
    for (const auto& frame : frames) all.insert(all.end(), frame.begin(), frame.end());
    all.insert(all.end(), footer.begin(), footer.end());
    return all;
  }
};
inline Pieces take_apart(BytesView sealed) {
  const auto read = message::read_header(sealed, {});
  const auto& header = std::get<message::Header>(*read);
  const auto bytes = [](BytesView view) { return Bytes(view.begin(), view.end()); };
  Pieces pieces{.header = bytes(sealed.first(header.size)), .frames = {}, .footer = {}};
  auto rest = sealed.subspan(header.size);
  for (std::uint32_t sequence = 1;; ++sequence) {
    const auto head = std::get<message::FrameHead>(*message::read_frame_head(rest, header.body.frame_length, sequence));
    pieces.frames.push_back(bytes(rest.first(head.size())));
    rest = rest.subspan(head.size());
    if (head.kind == message::FrameKind::final) break;
  }
  pieces.footer = bytes(rest);
  return pieces;
}

// Opens by pushing pieces of `step` bytes; what the sink got is in `released`, whatever the outcome.
inline Result<MessageInfo> open_in_steps(const Envelope& envelope, BytesView sealed, std::size_t step, Bytes& released,
                                         const OpenOptions& options = {}) {
  BytesSink sink(released);
  auto opener = envelope.opener(sink, options);
  for (auto rest = sealed; !rest.empty();) {
    const auto piece = rest.first(std::min(step, rest.size()));
    if (auto taken = opener.update(piece); !taken) return std::move(taken).error();
    rest = rest.subspan(piece.size());
  }
  return opener.finish();
}

inline Result<Bytes> seal_in_steps(const Envelope& envelope, BytesView plaintext, std::size_t step,
                                   const SealOptions& options = {}) {
  Bytes sealed;
  BytesSink sink(sealed);
  auto sealer = envelope.sealer(sink, options);
  if (!sealer) return std::move(sealer).error();
  for (auto rest = plaintext; !rest.empty();) {
    const auto piece = rest.first(std::min(step, rest.size()));
    if (auto taken = sealer->update(piece); !taken) return std::move(taken).error();
    rest = rest.subspan(piece.size());
  }
  if (auto done = sealer->finish(); !done) return std::move(done).error();
  return sealed;
}

}  // namespace keyfold::seal::testing
