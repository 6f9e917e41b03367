#include "keyfold/core/crypto/aead.h"

#include <openssl/evp.h>

#include <limits>

namespace keyfold::crypto {
namespace {

constexpr std::uint64_t plaintext_max = (std::uint64_t{1} << 36) - 32;  // Bytes.
constexpr std::size_t piece_max = std::size_t{1} << 30;                 // libcrypto counts in int.

// Fetched once and never freed: fetching takes locks, and whatever frees it would race with the last user at exit.
struct Ciphers {
  EVP_CIPHER* aes_128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  EVP_CIPHER* aes_192 = EVP_CIPHER_fetch(nullptr, "AES-192-GCM", nullptr);
  EVP_CIPHER* aes_256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
};

const EVP_CIPHER* cipher_of(std::size_t key_size) {
  static const Ciphers ciphers;
  switch (key_size) {
    case 16:
      return ciphers.aes_128;
    case 24:
      return ciphers.aes_192;
    case 32:
      return ciphers.aes_256;
    default:
      return nullptr;
  }
}

const unsigned char* raw(BytesView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

enum class Direction : int { open = 0, seal = 1 };

// Runs `in` through the cipher; into `out`, or, when that is empty, as additional data.
bool update(EVP_CIPHER_CTX* context, BytesView in, std::span<std::byte> out) {
  const bool is_data = !out.empty();
  while (!in.empty()) {
    const auto piece = in.first(std::min(in.size(), piece_max));
    int written = 0;
    if (EVP_CipherUpdate(context, is_data ? raw(out) : nullptr, &written, raw(piece), static_cast<int>(piece.size())) !=
        1)
      return false;
    in = in.subspan(piece.size());
    if (is_data) out = out.subspan(piece.size());
  }
  return true;
}

bool start(EVP_CIPHER_CTX* context, Direction direction, BytesView iv, BytesView aad) {
  return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, raw(iv), static_cast<int>(direction)) == 1 &&
         update(context, aad, {});
}

bool finish(EVP_CIPHER_CTX* context) {
  unsigned char nothing[gcm_tag_size];  // GCM holds nothing back, but the interface wants somewhere to put it.
  int written = 0;
  return EVP_CipherFinal_ex(context, nothing, &written) == 1;
}

Error broken() { return Error{ErrorCode::internal, "libcrypto cannot do AES-GCM"}; }

}  // namespace

void AesGcm::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

AesGcm::AesGcm() = default;
AesGcm::~AesGcm() = default;
AesGcm::AesGcm(AesGcm&&) noexcept = default;
AesGcm& AesGcm::operator=(AesGcm&&) noexcept = default;

Outcome AesGcm::set_key(BytesView key) {
  const EVP_CIPHER* cipher = cipher_of(key.size());
  if (cipher == nullptr) return Error{ErrorCode::invalid_input, "an AES key is 16, 24 or 32 bytes"};
  if (!context_) {
    context_.reset(EVP_CIPHER_CTX_new());
    if (!context_) return broken();
    key_size_ = 0;
  }
  // Naming the cipher again would set the context up anew, for twice the price.
  const EVP_CIPHER* change = key_size_ == key.size() ? nullptr : cipher;
  key_ = Key::absent;
  if (EVP_CipherInit_ex(context_.get(), change, nullptr, raw(key), nullptr, static_cast<int>(Direction::seal)) != 1) {
    key_size_ = 0;
    return broken();
  }
  key_size_ = key.size();
  key_ = Key::set;
  return ok();
}

void AesGcm::forget_key() {
  if (key_ == Key::absent) return;
  constexpr ByteArray<32> zeros{};
  // What cannot be overwritten is given back, and libcrypto wipes that.
  if (!set_key(BytesView(zeros).first(key_size_))) context_.reset();
  key_ = Key::absent;
}

Outcome AesGcm::seal(BytesView iv, BytesView aad, BytesView plaintext, std::span<std::byte> out) {
  KEYFOLD_CHECK(key_ == Key::set);
  KEYFOLD_CHECK(iv.size() == gcm_iv_size && out.size() == plaintext.size() + gcm_tag_size);
  if (plaintext.size() > plaintext_max) return Error{ErrorCode::invalid_input, "too much for one AES-GCM message"};
  EVP_CIPHER_CTX* context = context_.get();
  const auto ciphertext = out.first(plaintext.size());
  if (!start(context, Direction::seal, iv, aad) || !update(context, plaintext, ciphertext) || !finish(context) ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, gcm_tag_size, raw(out.last(gcm_tag_size))) != 1) {
    wipe(out);
    return broken();
  }
  return ok();
}

Outcome AesGcm::open(BytesView iv, BytesView aad, BytesView sealed, std::span<std::byte> out) {
  KEYFOLD_CHECK(key_ == Key::set);
  KEYFOLD_CHECK(iv.size() == gcm_iv_size);
  const Error refused{ErrorCode::authentication, "not authentic"};
  if (sealed.size() < gcm_tag_size) return refused;
  KEYFOLD_CHECK(out.size() == sealed.size() - gcm_tag_size);
  if (out.size() > plaintext_max) return refused;
  EVP_CIPHER_CTX* context = context_.get();
  // The tag last: what lies before it is near by then, and the tag too. A copy, because libcrypto takes it as something
  // that it might write to.
  ByteArray<gcm_tag_size> tag;
  const auto set_tag = [&] {
    std::ranges::copy(sealed.last(gcm_tag_size), tag.begin());
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, gcm_tag_size, tag.data()) == 1;
  };
  if (!start(context, Direction::open, iv, aad) || !update(context, sealed.first(out.size()), out) || !set_tag()) {
    wipe(out);
    return broken();
  }
  if (!finish(context)) {
    wipe(out);
    return refused;
  }
  return ok();
}

}  // namespace keyfold::crypto
