#pragma once
// One event loop: its thread, its listening sockets, its connections, and the replies that they hold. Other threads
// reach it through wake() alone, which coalesces: however much there is to tell, one message is under way at a time.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "keyfold/core/http/connection.h"
#include "keyfold/core/http/poller.h"
#include "keyfold/core/http/reply_head.h"
#include "keyfold/core/http/server.h"

namespace keyfold::http {

// Written by the loop's thread alone, read by any.
class Count {
 public:
  void add(std::uint64_t by) { value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed); }
  void subtract(std::uint64_t by) {
    value_.store(value_.load(std::memory_order_relaxed) - by, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

struct LoopCounts {
  Count accepted, open, shed, accept_failures, tls_failures, timeouts, requests, malformed, overloaded, held, refused,
      received, sent;
};

// The TLS context for new connections, replaced as a whole. Null: no TLS.
class TlsSetting {
 public:
  void set(SslContext context) {
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
  }
  std::shared_ptr<SSL_CTX> get() const {
    const std::lock_guard lock(mutex_);
    return context_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<SSL_CTX> context_;
};

// What all loops of a server share. All of it outlives them.
struct Shared {
  Service& service;
  const ServerOptions& options;
  const Clock& clock;
  const TlsSetting& tls;
  ReleaseGate& gate;
  SlowPool& pool;
};

class Loop {
 public:
  Loop(const Shared& shared, std::size_t index);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void listen(Descriptor socket);  // Before run().
  void run();                      // Until drained.

  // From any thread.
  void wake();
  void drain();                            // Accept no more; end when the connections have ended.
  void close_all();                        // End now; only what is being served is waited for.
  void hand_back(Connection& connection);  // From the slow lane.
  std::uint64_t oldest_held() const { return held_.oldest(); }
  const LoopCounts& counts() const { return counts_; }

  // For its connections, on its thread.
  const Shared& shared() const { return shared_; }
  const Limits& limits() const { return shared_.options.limits; }
  std::size_t index() const { return index_; }
  LoopCounts& counts() { return counts_; }
  std::int64_t now_ms() const { return now_ms_; }  // Steady; as of the last event.
  std::string_view date() { return date_.at(shared_.clock.now()); }
  std::string& scratch() { return scratch_; }  // For use between two waits. Whoever fills it wipes it.
  bool draining() const { return draining_; }
  void hold(Connection& connection);
  void wait_turn(Connection& connection);  // Resumes it when the others that are ready have been served.
  bool take_grown(std::size_t bytes);      // False when the budget for large buffers is used up.
  void give_grown(std::size_t bytes) { grown_bytes_ -= bytes; }
  void forget(Connection& connection);  // Destroys it.

 private:
  struct Listener final : Watched {
    Listener(Loop& of, Descriptor listening) : loop(of), socket(std::move(listening)) {}
    void ready(std::uint32_t) override { loop.accept(*this); }
    Loop& loop;
    Descriptor socket;
    std::int64_t paused_until_ms = 0;  // After a shortage; 0: not paused.
  };

  int timeout_ms() const;
  void accept(Listener& listener);
  void resume_listeners();
  void open(Descriptor socket, std::string_view peer);
  void shed(const Descriptor& socket);
  void take_turns();
  void sweep();
  void on_wake();
  void settle_held(Verdict unless_decided);
  void start_draining();
  void close_connections();

  const Shared shared_;
  const std::size_t index_;
  const std::int64_t sweep_interval_ms_;
  Poller poller_;
  Waker waker_{poller_};
  std::int64_t now_ms_ = 0;
  std::int64_t next_sweep_ms_ = 0;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> turns_;  // To be resumed after this batch of events.
  std::vector<Connection*> taking_turns_;
  HeldList held_;
  LoopCounts counts_;
  DateText date_;
  std::string scratch_;
  std::size_t grown_bytes_ = 0;
  bool draining_ = false;

  std::atomic<bool> woken_ = false;
  std::atomic<bool> drain_wanted_ = false;
  std::atomic<bool> close_wanted_ = false;
  std::mutex inbox_mutex_;
  JobList inbox_;  // Guarded by inbox_mutex_.
};

}  // namespace keyfold::http
