#include "keyfold/kms/identity/signing_keys.h"

#include <atomic>
#include <functional>

namespace keyfold::identity {

std::size_t stripe_of_this_thread() {
  static std::atomic<std::size_t> next = 0;
  thread_local const std::size_t mine = next++ % stripe_count;
  return mine;
}

bool SigningKeys::Slot::is(const SigningScope& scope) const {
  return key != nullptr && epoch == scope.epoch && *id == scope.id && *region == scope.region &&
         date.view() == scope.date && service.view() == scope.service;
}

// The scope is what a stranger claims; what is no date or service is not worth keeping.
bool SigningKeys::fits(const SigningScope& scope) { return scope.date.size() <= 8 && scope.service.size() <= 32; }

std::size_t SigningKeys::slot_of(const SigningScope& scope) {
  std::size_t hash = 0;
  for (const auto part : {scope.id.text(), scope.region.text(), scope.date, scope.service})
    hash = hash * 0x9e3779b97f4a7c15 + std::hash<std::string_view>()(part);
  return hash % slots_per_stripe;
}

SigningKeys::Key SigningKeys::find(const SigningScope& scope) const {
  const Stripe& stripe = stripes_[stripe_of_this_thread()];
  const std::scoped_lock lock(stripe.mutex);
  const Slot& slot = stripe.slots[slot_of(scope)];
  return slot.is(scope) ? slot.key : nullptr;
}

void SigningKeys::add(const SigningScope& scope, const Key& key) {
  if (!fits(scope)) return;
  Stripe& stripe = stripes_[stripe_of_this_thread()];
  Key old = key;  // What was there before is wiped outside of the lock.
  const std::scoped_lock lock(stripe.mutex);
  Slot& slot = stripe.slots[slot_of(scope)];
  slot.id = scope.id;
  slot.region = scope.region;
  slot.date = InlineString<8>(scope.date);
  slot.service = InlineString<32>(scope.service);
  slot.epoch = scope.epoch;
  slot.key.swap(old);
}

void SigningKeys::clear() {
  for (Stripe& stripe : stripes_) {
    const std::scoped_lock lock(stripe.mutex);
    for (Slot& slot : stripe.slots) slot.key = nullptr;
  }
}

}  // namespace keyfold::identity
