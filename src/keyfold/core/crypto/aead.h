#pragma once
// AES-GCM with a 12-byte IV and a 16-byte tag (NIST SP 800-38D).

#include <memory>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"

struct evp_cipher_ctx_st;

namespace keyfold::crypto {

inline constexpr std::size_t gcm_iv_size = 12;
inline constexpr std::size_t gcm_tag_size = 16;

// One key schedule in one long-lived context: sealing and opening, and changing the key for another of the same size,
// allocate nothing. Not safe to use from several threads at once.
class AesGcm {
 public:
  AesGcm();  // Without a key: sealing and opening are a failed CHECK until set_key.
  ~AesGcm();
  AesGcm(AesGcm&&) noexcept;
  AesGcm& operator=(AesGcm&&) noexcept;

  // 16, 24 or 32 bytes; else `invalid_input`. Replaces the key; the old schedule is overwritten.
  Outcome set_key(BytesView key);
  // Overwrites the schedule with that of a key of zeros; the context stays, for set_key. Nothing without a key.
  void forget_key();

  // Encrypts `plaintext` into `out` and appends the tag: out.size() == plaintext.size() + 16. `out` may begin where
  // `plaintext` begins, or must not overlap it. An IV must never be used twice under one key. Fails with
  // `invalid_input` above 2^36 - 32 bytes of plaintext (SP 800-38D section 5.2.1.1).
  Outcome seal(BytesView iv, BytesView aad, BytesView plaintext, std::span<std::byte> out);
  // The reverse: `sealed` ends in the tag, out.size() == sealed.size() - 16. `out` may begin where `sealed` begins, or
  // must not overlap it. Fails with `authentication` when the tag does not verify, or there is not room for one in
  // `sealed`; then `out` is wiped.
  Outcome open(BytesView iv, BytesView aad, BytesView sealed, std::span<std::byte> out);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
  std::size_t key_size_ = 0;  // Bytes; what `context_` is set up for.
  enum class Key : std::uint8_t { absent, set } key_ = Key::absent;
};

}  // namespace keyfold::crypto
