#pragma once
// SigningKeys: derived signing keys, kept for the next request. Bounded; a hit allocates nothing and takes a lock that
// a thread shares with few others. What it holds is secret for one day, Region and service.

#include <array>
#include <memory>
#include <mutex>
#include <optional>

#include "keyfold/core/base/inline_string.h"
#include "keyfold/core/base/named.h"
#include "keyfold/core/base/secret.h"

namespace keyfold::identity {

// Threads are dealt out over so many locks, one after another.
inline constexpr std::size_t stripe_count = 8;
std::size_t stripe_of_this_thread();

// Which signing key. Views: they need to live through the call only.
struct SigningScope {
  const AccessKeyId& id;
  std::string_view date;  // "20150830"
  const Region& region;
  std::string_view service;
  std::uint64_t epoch;  // Of the snapshot that the secret is taken from: another epoch's key is never handed out.
};

class SigningKeys {
 public:
  using Key = std::shared_ptr<const SecretBytes>;
  static constexpr std::size_t slots_per_stripe = 64;

  Key find(const SigningScope& scope) const;  // Null: not here.
  void add(const SigningScope& scope, const Key& key);
  void clear();

 private:
  struct Slot {
    std::optional<AccessKeyId> id;
    std::optional<Region> region;
    InlineString<8> date;
    InlineString<32> service;
    std::uint64_t epoch = 0;
    Key key;
    bool is(const SigningScope& scope) const;
  };
  struct alignas(64) Stripe {
    mutable std::mutex mutex;
    std::array<Slot, slots_per_stripe> slots;
  };
  static std::size_t slot_of(const SigningScope& scope);
  static bool fits(const SigningScope& scope);
  std::array<Stripe, stripe_count> stripes_;
};

}  // namespace keyfold::identity
