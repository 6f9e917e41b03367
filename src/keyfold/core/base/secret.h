#pragma once
// SecretBytes: key material, wherever it is. Held in the secret arena (arena.h), wiped on destruction, moved but never
// copied, compared in constant time. Not safe to use from several threads at once, like any value.

#include <cstddef>
#include <span>
#include <utility>

#include "keyfold/core/base/result.h"

namespace keyfold {

class SecretBytes {
 public:
  static constexpr std::size_t size_max = 65536;  // Bytes.
  // Each fails with `unavailable` when the arena is full, and with `invalid_input` above size_max.
  static Result<SecretBytes> zeroed(std::size_t size);
  static Result<SecretBytes> copy_of(std::span<const std::byte> bytes);

  SecretBytes() = default;  // Empty.
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept;  // What this held is wiped now, not when `other` goes.
  ~SecretBytes() { clear(); }

  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  void clear() noexcept;  // Wipes.

  // The only ways to the bytes. Searching for `reveal` and `fill` finds every use of a secret.
  std::span<const std::byte> reveal() const { return bytes_; }
  std::span<std::byte> fill() { return bytes_; }

  friend bool operator==(const SecretBytes& a, const SecretBytes& b);

 private:
  explicit SecretBytes(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;  // Owned.
};

}  // namespace keyfold
