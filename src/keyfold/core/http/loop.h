#pragma once
// One event loop: its thread, its listening sockets, its connections, and the replies that they hold. Other threads
// reach it through wake() alone, which coalesces: however much there is to tell, one message is under way at a time.

#include <asio/executor_work_guard.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "keyfold/core/http/connection.h"
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

  void listen(int descriptor, const ListenAddress& address);  // Takes a listening socket over. Before run().
  void run();                                                 // Until drained.

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
  std::int64_t now_ms() const;
  std::string_view date() { return date_.at(shared_.clock.now()); }
  std::string& scratch() { return scratch_; }  // For use between two waits. Whoever fills it wipes it.
  bool draining() const { return draining_; }
  void hold(Connection& connection);
  bool take_grown(std::size_t bytes);  // False when the budget for large buffers is used up.
  void give_grown(std::size_t bytes) { grown_bytes_ -= bytes; }
  void forget(Connection& connection);  // Destroys it.

 private:
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;
  struct Listener {
    Listener(asio::io_context& io, const asio::ip::tcp& protocol, int descriptor)
        : acceptor(io.get_executor(), protocol, descriptor), pause(io.get_executor()) {}
    Acceptor acceptor;
    Timer pause;  // After a shortage.
  };
  struct Woken;

  void accept(Listener& listener);
  void accepted(Listener& listener, const asio::error_code& error, Socket socket);
  void open(Socket socket);
  void shed(Socket& socket);
  void sweep_later();
  void sweep();
  void on_wake();
  void settle_held(Verdict unless_decided);
  void start_draining();
  void close_connections();
  void end_if_drained();

  const Shared shared_;
  const std::size_t index_;
  OperationMemory wake_memory_;  // Before io_, whose queue may point into it.
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Timer sweeper_;
  std::chrono::milliseconds sweep_interval_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
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
