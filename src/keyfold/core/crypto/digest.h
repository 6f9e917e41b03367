#pragma once
// SHA-256, SHA-384, SHA-512 (FIPS 180-4) and HMAC (RFC 2104) over long-lived contexts: nothing here allocates in steady state.

#include <memory>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/core/base/secret.h"

struct evp_md_ctx_st;
struct evp_mac_ctx_st;

namespace keyfold::crypto {

enum class Hash : std::uint8_t { sha256, sha384, sha512 };
using Sha256Digest = ByteArray<32>;
using Sha384Digest = ByteArray<48>;
using Sha512Digest = ByteArray<64>;

// One-shot, in a context of the calling thread's own. Any thread.
Sha256Digest sha256(BytesView data);
Sha256Digest sha256(std::initializer_list<BytesView> parts);  // Of the parts, one after another.
Sha384Digest sha384(BytesView data);
Sha512Digest sha512(BytesView data);

// A running digest. Not safe to use from several threads at once.
class Digest {
 public:
  explicit Digest(Hash hash);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  std::size_t size() const;  // Bytes: 32, 48 or 64.
  void update(BytesView data);
  void finish(std::span<std::byte> out);  // out.size() == size(). Starts anew.

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  Hash hash_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// One-shot HMAC-SHA-256, in a context of the calling thread's own. Any thread.
Sha256Digest hmac_sha256(BytesView key, BytesView data);

// HMAC-SHA-256 under one key, its pads computed once. Not safe to use from several threads at once.
class HmacSha256 {
 public:
  HmacSha256();
  ~HmacSha256();
  HmacSha256(HmacSha256&&) noexcept;
  HmacSha256& operator=(HmacSha256&&) noexcept;
  Outcome set_key(BytesView key);
  Sha256Digest sign(std::initializer_list<BytesView> parts);

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

}  // namespace keyfold::crypto
