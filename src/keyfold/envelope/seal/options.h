#pragma once
// What a caller may choose for one message.

#include <optional>

#include "keyfold/core/base/encryption_context.h"
#include "keyfold/envelope/materials/commitment_policy.h"
#include "keyfold/envelope/message/limits.h"

namespace keyfold::seal {

// Bytes: the Encryption SDK's, so that any reader can hold a frame.
inline constexpr std::uint32_t frame_length_default = 4096;
// Bytes: 0.05 % overhead instead of 0.8 %, and a quarter faster.
inline constexpr std::uint32_t frame_length_for_files = 65536;

struct SealOptions {
  // Authenticated with the message, in clear in its header and in the KMS's audit log: never a secret.
  EncryptionContext encryption_context = {};
  // Nothing: the commitment policy's default. Whoever may open a message of that can also make one; choose a signing
  // suite when readers are not writers.
  std::optional<materials::SuiteId> suite = std::nullopt;
  std::uint32_t frame_length = frame_length_default;  // 1 to 2^32 - 1, and no more than limits.frame_length_max.
  materials::CommitmentPolicy commitment_policy = materials::CommitmentPolicy::require_encrypt_require_decrypt;
  message::Limits limits = {};  // We do not write what we would not read.
  // For a Sealer, whose plaintext comes bit by bit: at most so many bytes will come. A caching materials manager needs
  // it, to know that a data key stays within its limits. (The functions that are given all of it know.)
  std::optional<std::uint64_t> plaintext_size_max = std::nullopt;
  // That seal at once, where all of the plaintext is in memory or comes from a Source: frames are sealed in parallel,
  // and, when the suite signs, hashed beside that. 0: one for each core. Small messages and streams of long frames use
  // fewer. With several threads a failure is returned only when the read under way returns.
  unsigned threads = 1;
};

// When the plaintext of a *signed* message reaches the sink of an Opener. (Unsigned messages are released frame by
// frame, each after its tag has verified; the in-memory functions release nothing before everything has.)
enum class SignedRelease : std::uint8_t {
  // Held in memory until the signature has verified; `limit_exceeded` when there is more than `signed_plaintext_max` of
  // it.
  after_verification,
  // Written frame by frame, each after its tag has verified, but before the signature has. The caller promises that the
  // sink is a quarantine: that nobody reads from it until finish() has succeeded, and that everything in it is
  // discarded if finish() fails or is never reached. A temporary file that is renamed at the end is one; a pipe, a
  // terminal or a
  // socket is not.
  to_quarantine,
  // Not at all: a signed message is refused before any key is asked for. Then whatever is released is as good as it
  // will get, but for the end that may be missing. Spec: client-apis/streaming.md, "decrypt-unsigned only".
  refused,
};

struct OpenOptions {
  // Pairs that must be in the message's context, exactly. A message that belongs somewhere else is refused before any
  // key is asked for.
  EncryptionContext required_context = {};
  // Pairs that the reader knows, whether the message holds them or was only bound to them when it was sealed (see
  // required_context_materials_manager). Those that it holds must be the same.
  EncryptionContext reproduced_context = {};
  materials::CommitmentPolicy commitment_policy = materials::CommitmentPolicy::require_encrypt_require_decrypt;
  message::Limits limits = {};
  SignedRelease signed_release = SignedRelease::after_verification;
  std::size_t signed_plaintext_max = std::size_t{64} << 20;  // Bytes.
  // As in SealOptions: here too, with several threads a failure is returned only when the read under way returns.
  unsigned threads = 1;
};

}  // namespace keyfold::seal
