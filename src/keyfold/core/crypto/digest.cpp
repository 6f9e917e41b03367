#include "keyfold/core/crypto/digest.h"

#include <new>

#include "keyfold/core/base/try.h"
#include "keyfold/core/crypto/hmac_sha2.h"

namespace keyfold::crypto {
namespace {

template <class Sha>
typename Sha::State& state_in(std::span<std::byte> memory) {
  return *std::launder(reinterpret_cast<typename Sha::State*>(memory.data()));
}

template <class Sha>
ByteArray<Sha::size> digest_of(std::initializer_list<BytesView> parts) {
  ByteArray<Sha::size> out;
  digest_parts<Sha>(parts, out);
  return out;
}

}  // namespace

Sha256Digest sha256(BytesView data) { return digest_of<Sha256>({data}); }
Sha256Digest sha256(std::initializer_list<BytesView> parts) { return digest_of<Sha256>(parts); }
Sha384Digest sha384(BytesView data) { return digest_of<Sha384>({data}); }
Sha512Digest sha512(BytesView data) { return digest_of<Sha512>({data}); }

Digest::Digest(Hash hash) : hash_(hash) { start(); }

void Digest::start() {
  with_hash(hash_, [this]<class Sha>(Sha) {
    static_assert(sizeof(typename Sha::State) <= sizeof state_ && alignof(typename Sha::State) <= 8);
    Sha::init(*new (state_.data()) typename Sha::State);
  });
}

std::size_t Digest::size() const {
  return with_hash(hash_, []<class Sha>(Sha) { return Sha::size; });
}

void Digest::update(BytesView data) {
  with_hash(hash_, [&]<class Sha>(Sha) { Sha::update(state_in<Sha>(state_), data); });
}

void Digest::finish(std::span<std::byte> out) {
  KEYFOLD_CHECK(out.size() == size());
  with_hash(hash_, [&]<class Sha>(Sha) { Sha::finish(out.data(), state_in<Sha>(state_)); });
  start();
}

Sha256Digest hmac_sha256(BytesView key, BytesView data) {
  return hmac_sha256(key, std::initializer_list<BytesView>{data});
}

Sha256Digest hmac_sha256(BytesView key, std::initializer_list<BytesView> parts) {
  Sha256Digest out;
  ScopedHmac<Sha256>(key).sign(parts, out);
  return out;
}

Outcome HmacSha256::set_key(BytesView key) {
  if (pads_.empty()) {
    TRY_ASSIGN(pads_, SecretBytes::zeroed(sizeof(HmacPads<Sha256>)));
  }
  (new (pads_.fill().data()) HmacPads<Sha256>)->set_key(key);
  return ok();
}

Sha256Digest HmacSha256::sign(std::initializer_list<BytesView> parts) const {
  KEYFOLD_CHECK(!pads_.empty());
  Sha256Digest out;
  std::launder(reinterpret_cast<const HmacPads<Sha256>*>(pads_.reveal().data()))->sign(parts, out);
  return out;
}

}  // namespace keyfold::crypto
