#pragma once
// Randomness, handed in. Safe to use from several threads.

#include <cstdint>
#include <mutex>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/inline_string.h"
#include "keyfold/core/base/secret.h"

namespace keyfold {

class Random {
 public:
  virtual ~Random() = default;
  // Never fails: a kernel that gives no randomness stops the process.
  virtual void fill(std::span<std::byte> out) = 0;

  template <std::size_t N>
  ByteArray<N> bytes() {
    ByteArray<N> out;
    fill(out);
    return out;
  }
  // Fails with `unavailable` when the secret arena is full.
  Result<SecretBytes> secret(std::size_t size);
};

// The kernel's generator (getrandom), read 4 KiB at a time into a locked buffer of the thread's own; what was handed
// out is wiped from the buffer, and a fork discards it.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

// Repeats itself from a seed: for tests and fuzzing only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> out) override;

 private:
  std::mutex mutex_;
  std::uint64_t state_;
};

// "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx" (RFC 9562, version 4).
InlineString<36> random_uuid(Random& random);

}  // namespace keyfold
