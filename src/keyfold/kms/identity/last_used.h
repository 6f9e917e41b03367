#pragma once
// LastUsed: when, where and for what an access key was used last. Noted by every request, without a lock in the usual
// case and without an allocation; written to the store in bundles, now and then.

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/base/inline_string.h"
#include "keyfold/core/base/named.h"

namespace keyfold::identity {

struct KeyUse {
  Timestamp time;
  Region region;
  InlineString<32> service;
};

class LastUsed {
 public:
  // A use within this time of the one noted, in the same Region and service or not, is not noted.
  static constexpr std::chrono::seconds precision{15};

  // Whether it was noted.
  bool note(Timestamp time, const Region& region, std::string_view service) {
    const auto us = time.time_since_epoch().count();
    const auto before = noted_us_.load(std::memory_order_relaxed);
    if (us - before < Duration(precision).count() && us >= before) return false;
    const std::scoped_lock lock(mutex_);
    noted_us_ = us;
    use_ = KeyUse{.time = time, .region = region, .service = InlineString<32>(service.substr(0, 32))};
    written_ = false;
    return true;
  }
  void restore(const KeyUse& use) {
    const std::scoped_lock lock(mutex_);
    noted_us_ = use.time.time_since_epoch().count();
    use_ = use;
    written_ = true;
  }
  std::optional<KeyUse> get() const {
    const std::scoped_lock lock(mutex_);
    return use_;
  }
  // What is not in the store yet.
  std::optional<KeyUse> unwritten() const {
    const std::scoped_lock lock(mutex_);
    return written_ ? std::nullopt : use_;
  }
  void written(const KeyUse& use) {
    const std::scoped_lock lock(mutex_);
    if (use_ && use_->time == use.time) written_ = true;
  }

 private:
  std::atomic<std::int64_t> noted_us_ = 0;
  mutable std::mutex mutex_;
  std::optional<KeyUse> use_;
  bool written_ = true;
};

}  // namespace keyfold::identity
