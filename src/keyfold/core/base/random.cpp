#include "keyfold/core/base/random.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "keyfold/core/base/try.h"

namespace keyfold {
namespace {

void read_kernel(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    KEYFOLD_CHECK(got > 0);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

// A thread's stock of random bytes. Its first 8 bytes say how much is left: a fork wipes the whole cell, and so the
// count.
class Pool {
 public:
  static constexpr std::size_t stock_max = 4096 - sizeof(std::uint64_t);

  void take(std::span<std::byte> out) {
    if (!ready() || out.size() > stock_max) return read_kernel(out);
    if (left() < out.size()) {
      read_kernel(stock());
      set_left(stock_max);
    }
    const auto taken = stock().subspan(stock_max - left(), out.size());
    std::memcpy(out.data(), taken.data(), out.size());
    wipe(taken);
    set_left(left() - out.size());
  }

 private:
  bool ready() {
    if (cell_.size() == 0) {
      if (auto cell = SecretBytes::zeroed(4096)) cell_ = *std::move(cell);
    }
    return cell_.size() != 0;
  }
  std::uint64_t left() {
    std::uint64_t value = 0;
    std::memcpy(&value, cell_.reveal().data(), sizeof value);
    return value;
  }
  void set_left(std::uint64_t value) { std::memcpy(cell_.fill().data(), &value, sizeof value); }
  std::span<std::byte> stock() { return cell_.fill().subspan(sizeof(std::uint64_t)); }
  SecretBytes cell_;
};

}  // namespace

Result<SecretBytes> Random::secret(std::size_t size) {
  TRY_ASSIGN(auto bytes, SecretBytes::zeroed(size));
  fill(bytes.fill());
  return bytes;
}

void SystemRandom::fill(std::span<std::byte> out) {
  thread_local Pool pool;
  if (!out.empty()) pool.take(out);
}

void SeededRandom::fill(std::span<std::byte> out) {
  const std::lock_guard lock(mutex_);
  for (auto& b : out) {  // SplitMix64, a byte at a time.
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    b = static_cast<std::byte>(z >> 56);
  }
}

InlineString<36> random_uuid(Random& random) {
  auto bytes = random.bytes<16>();
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 36> text;
  char* to = text.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
    *to++ = digits[std::to_integer<std::size_t>(bytes[i] >> 4)];
    *to++ = digits[std::to_integer<std::size_t>(bytes[i] & std::byte{15})];
  }
  return InlineString<36>({text.data(), text.size()});
}

}  // namespace keyfold
