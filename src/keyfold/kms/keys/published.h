#pragma once
// Published<T>: a value that many threads read without a lock while one replaces it. Readers pass through a ReadGate;
// whoever replaces a value waits, before destroying the old one, until every reader that may still see it has left the
// gate.
//
// This is the counting scheme of "Left-Right" (Ramalhete and Correia, 2015) with one copy of the data: two sets of
// counters, of which newcomers use one; the replacer lets the other run dry, turns newcomers to it, and lets the first
// run dry. Whoever loaded the old pointer had counted itself before, so that both sets, each seen at zero after the new
// pointer was stored, prove it gone; turning the newcomers keeps them from holding the replacer up for ever. All
// operations are sequentially consistent.
//
// (std::atomic<std::shared_ptr> takes a lock bit inside libstdc++ 12, and copies made through it contend on one
// counter.)

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

namespace keyfold::keys {

// Shared by everything that is replaced by the same writers. Never replace anything while this thread is inside: it
// would wait for itself. What is done inside should take microseconds: a replacer waits for it.
class ReadGate {
 public:
  class [[nodiscard]] Pass {
   public:
    explicit Pass(std::atomic<std::uint32_t>& readers) : readers_(readers) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() { readers_.fetch_sub(1); }

   private:
    std::atomic<std::uint32_t>& readers_;
  };

  // Until the Pass goes, what is read through it stays.
  Pass enter() const {
    auto& readers = lanes_[lane_of_thread()].readers[side_.load()];
    readers.fetch_add(1);
    return Pass(readers);
  }

  // Returns when every reader that was inside at the call has left. One caller at a time.
  void wait_for_readers() {
    const auto side = side_.load();
    run_dry(side ^ 1U);
    side_.store(side ^ 1U);
    run_dry(side);
  }

 private:
  static constexpr std::size_t lane_count = 64;
  struct alignas(64) Lane {  // A cache line: threads in different lanes do not meet.
    mutable std::array<std::atomic<std::uint32_t>, 2> readers{};
  };
  static std::size_t lane_of_thread() {
    static std::atomic<std::size_t> threads = 0;
    thread_local const std::size_t lane = threads.fetch_add(1) % lane_count;
    return lane;
  }
  void run_dry(std::uint32_t side) const {
    for (const auto& lane : lanes_)
      while (lane.readers[side].load() != 0) std::this_thread::yield();
  }
  std::array<Lane, lane_count> lanes_;
  std::atomic<std::uint32_t> side_ = 0;
};

template <class T>
class Published {
 public:
  Published() = default;
  explicit Published(std::unique_ptr<const T> value) : value_(value.release()) {}
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;
  ~Published() { delete value_.load(); }

  // Null when there is none. Lives as long as the pass.
  const T* read(const ReadGate::Pass& /*inside*/) const { return value_.load(); }
  // For whoever replaces values: nobody else does meanwhile.
  const T* read_as_writer() const { return value_.load(); }
  // What was published before may still be read until gate.wait_for_readers() returns; then destroy it.
  [[nodiscard]] std::unique_ptr<const T> exchange(std::unique_ptr<const T> value) {
    return std::unique_ptr<const T>(value_.exchange(value.release()));
  }

 private:
  std::atomic<const T*> value_ = nullptr;
};

}  // namespace keyfold::keys
