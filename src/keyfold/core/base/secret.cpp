#include "keyfold/core/base/secret.h"

#include <cstring>

#include "keyfold/core/base/arena.h"
#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/try.h"

namespace keyfold {

Result<SecretBytes> SecretBytes::zeroed(std::size_t size) {
  if (size > size_max) return Error{ErrorCode::invalid_input, "too large for a secret"};
  if (size == 0) return SecretBytes();
  std::byte* cell = arena_allocate(size);
  if (cell == nullptr)
    return Error{ErrorCode::unavailable,
                 "no locked memory for a secret: all of it is in use, or the limit on it is too low (ulimit -l)"};
  return SecretBytes(std::span(cell, size));
}

Result<SecretBytes> SecretBytes::copy_of(std::span<const std::byte> bytes) {
  TRY_ASSIGN(auto copy, zeroed(bytes.size()));
  if (!bytes.empty()) std::memcpy(copy.fill().data(), bytes.data(), bytes.size());
  return copy;
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    clear();
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

void SecretBytes::clear() noexcept {
  arena_release(bytes_.data(), bytes_.size());
  bytes_ = {};
}

bool operator==(const SecretBytes& a, const SecretBytes& b) { return equal_in_constant_time(a.reveal(), b.reveal()); }

}  // namespace keyfold
