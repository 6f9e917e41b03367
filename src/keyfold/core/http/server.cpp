#include "keyfold/core/http/server.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "keyfold/core/base/try.h"
#include "keyfold/core/http/listener.h"
#include "keyfold/core/http/loop.h"
#include "keyfold/core/http/loopback.h"

namespace keyfold::http {
namespace {

class LoopServer final : public Server {
 public:
  LoopServer(Service& service, ServerOptions options, const Clock& clock)
      : options_(std::move(options)),
        pool_(options_.slow_lane, options_.loops),
        shared_{service, options_, clock, tls_, gate_, pool_} {
    for (std::size_t i = 0; i < options_.loops; ++i) loops_.push_back(std::make_unique<Loop>(shared_, i));
  }
  LoopServer(const LoopServer&) = delete;
  LoopServer& operator=(const LoopServer&) = delete;
  ~LoopServer() override { stop(std::chrono::milliseconds(0)); }

  Outcome listen() {
    for (ListenAddress address : options_.listen) {
      TRY_ASSIGN(auto sockets, listen_on(address, loops_.size()));
      for (std::size_t i = 0; i < sockets.size(); ++i) loops_[i]->listen(std::move(sockets[i]));
      addresses_.push_back(std::move(address));
    }
    return ok();
  }

  const std::vector<ListenAddress>& addresses() const override { return addresses_; }
  void start() override;
  void stop(std::chrono::milliseconds deadline) override;
  void release_up_to(std::uint64_t sequence) override {
    gate_.release_up_to(sequence);
    wake_holders(sequence);
  }
  void refuse_up_to(std::uint64_t sequence) override {
    gate_.refuse_up_to(sequence);
    wake_holders(sequence);
  }
  Outcome reload_tls() override;
  ServerCounters counters() const override;

 private:
  void wake_holders(std::uint64_t sequence) {
    for (const auto& loop : loops_) {
      if (loop->oldest_held() <= sequence) loop->wake();
    }
  }

  const ServerOptions options_;
  TlsSetting tls_;
  ReleaseGate gate_;
  SlowPool pool_;
  const Shared shared_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<ListenAddress> addresses_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t running_ = 0;  // Guarded by mutex_.
};

void LoopServer::start() {
  KEYFOLD_CHECK(threads_.empty());
  pool_.start();
  running_ = loops_.size();
  for (const auto& loop : loops_) {
    threads_.emplace_back([this, &loop = *loop] {
      loop.run();
      const std::lock_guard lock(mutex_);
      --running_;
      ended_.notify_all();
    });
  }
}

void LoopServer::stop(std::chrono::milliseconds deadline) {
  if (threads_.empty()) return;
  for (const auto& loop : loops_) loop->drain();
  {
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, deadline, [&] { return running_ == 0; });
  }
  for (const auto& loop : loops_) loop->close_all();
  pool_.drop_queued();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  // After the loops, which wait for what it serves; before them in destruction, for it may still be telling them so.
  pool_.stop();
}

Outcome LoopServer::reload_tls() {
  if (!options_.tls) return ok();
  TRY_ASSIGN(auto context, open_server_context(*options_.tls));
  tls_.set(std::move(context));
  return ok();
}

ServerCounters LoopServer::counters() const {
  ServerCounters sum;
  for (const auto& loop : loops_) {
    const LoopCounts& counts = loop->counts();
    sum.connections_accepted += counts.accepted.get();
    sum.connections_open += counts.open.get();
    sum.connections_shed += counts.shed.get();
    sum.accept_failures += counts.accept_failures.get();
    sum.tls_failures += counts.tls_failures.get();
    sum.timeouts += counts.timeouts.get();
    sum.requests += counts.requests.get();
    sum.requests_malformed += counts.malformed.get();
    sum.requests_overloaded += counts.overloaded.get();
    sum.replies_held += counts.held.get();
    sum.replies_refused += counts.refused.get();
    sum.bytes_received += counts.received.get();
    sum.bytes_sent += counts.sent.get();
  }
  return sum;
}

Outcome check(const ServerOptions& options) {
  const auto refuse = [](const char* message) { return Error{ErrorCode::invalid_input, message}; };
  if (options.listen.empty()) return refuse("no address to listen on");
  if (options.loops == 0 || options.loops > 1024) return refuse("a server has 1 to 1024 loops");
  if (options.limits.header_bytes_max < 64 || options.limits.connections_max == 0)
    return refuse("limits too low to serve");
  if (options.slow_lane.key_generation_threads > options.slow_lane.threads) {
    return refuse("key generation cannot have more threads than there are");
  }
  for (const ListenAddress& address : options.listen) {
    if (!options.tls && !is_loopback(address.host)) {
      return Error{ErrorCode::invalid_input,
                   "refusing to listen on " + to_text(address) + " without TLS: it is not loopback"};
    }
  }
  return ok();
}

}  // namespace

Result<std::unique_ptr<Server>> open_server(Service& service, const ServerOptions& options, const Clock& clock) {
  TRY(check(options));
  auto server = std::make_unique<LoopServer>(service, options, clock);
  TRY(server->reload_tls());
  TRY(server->listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace keyfold::http
