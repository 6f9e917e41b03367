#pragma once
// For the tests of this room: keyrings, plaintexts, and messages taken apart and put together again.

#include <gtest/gtest.h>

#include <atomic>

#include "keyfold/core/base/random.h"
#include "keyfold/core/crypto/kdf.h"
#include "keyfold/envelope/keyrings/multi.h"
#include "keyfold/envelope/keyrings/raw_aes.h"
#include "keyfold/envelope/message/body.h"
#include "keyfold/envelope/seal/envelope.h"

namespace keyfold::seal::testing {

inline constexpr auto unsigned_suite = materials::SuiteId::aes_256_gcm_hkdf_sha512_commit_key;
inline constexpr auto signed_suite = materials::SuiteId::aes_256_gcm_hkdf_sha512_commit_key_ecdsa_p384;
inline constexpr std::array both_suites{unsigned_suite, signed_suite};

inline std::vector<materials::SuiteId> every_suite() {
  std::vector<materials::SuiteId> ids;
  for (const auto& suite : materials::all_suites()) ids.push_back(suite.id);
  return ids;
}
// A policy under which the suite may be sealed, and opened.
inline materials::CommitmentPolicy policy_for(materials::SuiteId suite) {
  return materials::suite_of(suite).commits() ? materials::CommitmentPolicy::require_encrypt_require_decrypt
                                              : materials::CommitmentPolicy::forbid_encrypt_allow_decrypt;
}
inline std::string name_of(const ::testing::TestParamInfo<materials::SuiteId>& info) {
  return materials::to_string(info.param);
}

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
  mutable std::atomic<int> calls = 0;

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

// What a message's header and body are sealed under: the derivation of framework/algorithm-suites.md, written out once
// more.
inline Bytes message_key_of(const materials::AlgorithmSuite& suite, const SecretBytes& data_key, BytesView message_id) {
  const auto whole = data_key.reveal();
  if (!suite.derives_keys()) return {whole.begin(), whole.end()};
  const auto hash = suite.key_derivation == materials::KeyDerivation::hkdf_sha256   ? crypto::Hash::sha256
                    : suite.key_derivation == materials::KeyDerivation::hkdf_sha384 ? crypto::Hash::sha384
                                                                                    : crypto::Hash::sha512;
  Bytes prk(crypto::Digest(hash).size()), info, key(suite.data_key_size);
  Writer(info).u16(static_cast<std::uint16_t>(suite.id)).bytes(suite.commits() ? as_bytes("DERIVEKEY") : message_id);
  crypto::hkdf_extract(hash, suite.commits() ? message_id : BytesView(), whole, prk);
  crypto::hkdf_expand(hash, prk, info, key);
  return key;
}

// A message that is not framed, as older writers made them: of an unsigned suite, with any IV.
inline Bytes non_framed_message(const keyrings::Keyring& keyring, materials::SuiteId id, BytesView plaintext) {
  const auto& suite = materials::suite_of(id);
  materials::EncryptionMaterials made;
  made.suite = &suite;
  EXPECT_FALSE(suite.signs());
  EXPECT_TRUE(keyring.on_encrypt(made));
  Bytes keys;
  materials::append_encrypted_data_key(keys, made.encrypted_data_keys.at(0).view());
  const message::MessageId message_id(some_plaintext(suite.message_id_size, 11));
  MessageCipher cipher;
  EXPECT_TRUE(cipher.start(suite, made.data_key, message_id));
  const message::HeaderBody body{.suite = &suite,
                                 .message_id = message_id,
                                 .encrypted_data_keys = {keys, 1},
                                 .content_type = message::ContentType::non_framed,
                                 .commit_key = cipher.commit_key()};
  Bytes message;
  message::append_header_body(message, body);
  const auto tag = *cipher.header_tag(message, {});
  message::append_header_authentication(message, body, {}, tag);
  const auto iv = some_plaintext(message::iv_size, 12);
  crypto::AesGcm gcm;
  EXPECT_TRUE(gcm.set_key(message_key_of(suite, made.data_key, message_id.view())));
  Bytes sealed(plaintext.size() + message::tag_size);
  EXPECT_TRUE(gcm.seal(iv, message::FrameAad(message_id).of_non_framed(plaintext.size()), plaintext, sealed));
  Writer(message).bytes(iv).u64(plaintext.size()).bytes(sealed);
  return message;
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
