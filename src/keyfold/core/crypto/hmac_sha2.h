#pragma once
// SHA-2 and HMAC (RFC 2104) over libcrypto's plain functions. For the .cpp files of this room only: it brings in
// libcrypto's headers.
//
// Not EVP_MAC: in OpenSSL 3.0 that allocates at every init and at every reset (it duplicates digest contexts), and
// costs 1.4 times as much. The plain functions are marked deprecated, but run the same code, on the stack.

#include <openssl/sha.h>

#include <initializer_list>
#include <type_traits>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/crypto/digest.h"

namespace keyfold::crypto {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
struct Sha256 {
  using State = SHA256_CTX;
  static constexpr std::size_t size = 32, block_size = 64;
  static void init(State& state) { SHA256_Init(&state); }
  static void update(State& state, BytesView data) { SHA256_Update(&state, data.data(), data.size()); }
  static void finish(std::byte* out, State& state) { SHA256_Final(reinterpret_cast<unsigned char*>(out), &state); }
};

struct Sha384 {
  using State = SHA512_CTX;
  static constexpr std::size_t size = 48, block_size = 128;
  static void init(State& state) { SHA384_Init(&state); }
  static void update(State& state, BytesView data) { SHA384_Update(&state, data.data(), data.size()); }
  static void finish(std::byte* out, State& state) { SHA384_Final(reinterpret_cast<unsigned char*>(out), &state); }
};

struct Sha512 {
  using State = SHA512_CTX;
  static constexpr std::size_t size = 64, block_size = 128;
  static void init(State& state) { SHA512_Init(&state); }
  static void update(State& state, BytesView data) { SHA512_Update(&state, data.data(), data.size()); }
  static void finish(std::byte* out, State& state) { SHA512_Final(reinterpret_cast<unsigned char*>(out), &state); }
};
#pragma GCC diagnostic pop

// Calls `action` with the functions of `hash`.
template <class Action>
auto with_hash(Hash hash, Action&& action) {
  switch (hash) {
    case Hash::sha256:
      return action(Sha256());
    case Hash::sha384:
      return action(Sha384());
    case Hash::sha512:
      return action(Sha512());
  }
  check_failed("a hash that is none of Hash", __FILE__, __LINE__);
}

template <class T>
void wipe_object(T& object) {
  static_assert(std::is_trivially_copyable_v<T>);
  wipe(std::as_writable_bytes(std::span(&object, 1)));
}

// The digest of the parts, one after another.
template <class Sha>
void digest_parts(std::initializer_list<BytesView> parts, std::span<std::byte, Sha::size> out) {
  typename Sha::State state;
  Sha::init(state);
  for (const auto part : parts) Sha::update(state, part);
  Sha::finish(out.data(), state);
  wipe_object(state);
}

// A key's two pads, hashed. As secret as the key: whoever holds one wipes it.
template <class Sha>
struct HmacPads {
  typename Sha::State inner;
  typename Sha::State outer;

  void set_key(BytesView key) {
    ByteArray<Sha::block_size> block{};
    if (key.size() > block.size()) {
      digest_parts<Sha>({key}, std::span(block).template first<Sha::size>());
    } else {
      std::ranges::copy(key, block.begin());
    }
    for (auto& b : block) b ^= std::byte{0x36};
    Sha::init(inner);
    Sha::update(inner, block);
    for (auto& b : block) b ^= std::byte{0x36} ^ std::byte{0x5c};
    Sha::init(outer);
    Sha::update(outer, block);
    wipe(block);
  }

  // `out` may be one of the parts' memory.
  void sign(std::initializer_list<BytesView> parts, std::span<std::byte, Sha::size> out) const {
    typename Sha::State state = inner;
    for (const auto part : parts) Sha::update(state, part);
    Sha::finish(out.data(), state);
    state = outer;
    Sha::update(state, out);
    Sha::finish(out.data(), state);
    wipe_object(state);
  }
};

// Pads for the length of one computation.
template <class Sha>
class ScopedHmac {
 public:
  explicit ScopedHmac(BytesView key) { pads_.set_key(key); }
  ~ScopedHmac() { wipe_object(pads_); }
  ScopedHmac(const ScopedHmac&) = delete;
  ScopedHmac& operator=(const ScopedHmac&) = delete;
  void sign(std::initializer_list<BytesView> parts, std::span<std::byte, Sha::size> out) const {
    pads_.sign(parts, out);
  }

 private:
  HmacPads<Sha> pads_;
};

}  // namespace keyfold::crypto
