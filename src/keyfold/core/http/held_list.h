#pragma once
// Replies of one loop that wait for their audit records, in the order of their sequence numbers; and the gate that says
// which numbers have been released or refused. A held reply is its connection: it is a link, and owns itself.

#include <atomic>
#include <cstdint>
#include <limits>

namespace keyfold::http {

enum class Verdict : std::uint8_t { wait, send, refuse, abandon };

// Shared by all loops. Written by whoever commits audit records, read by the loops.
class ReleaseGate {
 public:
  void release_up_to(std::uint64_t sequence) {
    std::uint64_t known = released_.load();
    while (known < sequence && !released_.compare_exchange_weak(known, sequence)) {
    }
  }
  void refuse_up_to(std::uint64_t sequence) {
    // One range is remembered. Refusing again widens it: the doubtful are refused.
    if (refused_to_.load() == 0) refused_above_.store(released_.load());
    if (sequence > refused_to_.load()) refused_to_.store(sequence);
  }
  Verdict verdict(std::uint64_t sequence) const {
    // In this order: whoever sees a release that came after a refusal sees the refusal.
    const std::uint64_t released = released_.load();
    const std::uint64_t refused_to = refused_to_.load();
    if (sequence <= refused_to && sequence > refused_above_.load()) return Verdict::refuse;
    return sequence <= released ? Verdict::send : Verdict::wait;
  }

 private:
  std::atomic<std::uint64_t> released_ = 0;
  std::atomic<std::uint64_t> refused_above_ = 0;
  std::atomic<std::uint64_t> refused_to_ = 0;
};

struct Held {
  std::uint64_t sequence = 0;
  Held* before = nullptr;
  Held* behind = nullptr;
};

class HeldList {
 public:
  static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

  bool empty() const { return front_ == nullptr; }
  Held& front() { return *front_; }
  std::size_t size() const { return size_; }

  // The slow lane's may come late, so from the back: nearly always one step.
  void insert(Held& held) {
    Held* before = back_;
    while (before != nullptr && before->sequence > held.sequence) before = before->before;
    held.before = before;
    held.behind = before == nullptr ? front_ : before->behind;
    (before == nullptr ? front_ : before->behind) = &held;
    (held.behind == nullptr ? back_ : held.behind->before) = &held;
    ++size_;
    publish();
  }
  Held& pop_front() {
    Held& held = *front_;
    front_ = held.behind;
    (front_ == nullptr ? back_ : front_->before) = nullptr;
    --size_;
    publish();
    return held;
  }
  // From any thread: the lowest number held; `none` if there is none. Sequentially consistent with ReleaseGate: a loop
  // inserts, then asks the gate; the committer opens the gate, then asks this. One of them sees the other.
  std::uint64_t oldest() const { return oldest_.load(); }

 private:
  void publish() { oldest_.store(front_ == nullptr ? none : front_->sequence); }
  Held* front_ = nullptr;
  Held* back_ = nullptr;
  std::size_t size_ = 0;
  std::atomic<std::uint64_t> oldest_ = none;
};

}  // namespace keyfold::http
