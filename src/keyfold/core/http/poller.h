#pragma once
// epoll, edge-triggered: each descriptor is registered once, for its life, so that in steady state a batch of events
// costs one system call, and an event none.

#include <sys/epoll.h>

#include <array>
#include <cstdint>

#include "keyfold/core/base/result.h"
#include "keyfold/core/http/descriptor.h"

namespace keyfold::http {

// Something with a descriptor.
class Watched {
 public:
  virtual void ready(std::uint32_t events) = 0;  // EPOLLIN, …

 protected:
  ~Watched() = default;
};

class Poller {
 public:
  Poller();
  // `watched` must live until its descriptor is closed, and not be destroyed by another's ready().
  // Fails with `io` when the kernel has no room for it.
  Outcome watch(int descriptor, std::uint32_t events, Watched& watched);
  void change(int descriptor, std::uint32_t events, Watched& watched);
  // Waits for events, but no longer than this, and hands out those there are.
  void poll(int timeout_ms);

 private:
  Descriptor epoll_;
  std::array<epoll_event, 256> events_;
};

// Ends a poll() from another thread.
class Waker final : public Watched {
 public:
  explicit Waker(Poller& poller);
  void wake();  // From any thread.
  void ready(std::uint32_t) override { woken_ = true; }
  bool take_woken() {
    const bool woken = woken_;
    woken_ = false;
    return woken;
  }

 private:
  Descriptor event_;  // Never read: edge-triggered, each write is an event.
  bool woken_ = false;
};

}  // namespace keyfold::http
