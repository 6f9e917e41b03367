#include "keyfold/core/http/loop.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>

namespace keyfold::http {
namespace {

using namespace std::chrono_literals;

// Often enough for the shortest timeout, seldom enough to cost nothing: one timer for all connections, none for each.
std::chrono::milliseconds sweep_interval(const Limits& limits) {
  const auto shortest = std::min({limits.idle_timeout, limits.head_timeout, limits.body_timeout, limits.write_timeout});
  return std::clamp<std::chrono::milliseconds>(shortest / 4, 10ms, 1000ms);
}

// For these to pass, somebody has to give something back first: trying at once again would only spin.
bool is_shortage(const asio::error_code& error) {
  return error == asio::error::no_descriptors || error.value() == ENFILE || error == asio::error::no_buffer_space ||
         error == asio::error::no_memory;
}

InlineString<48> peer_text(const Socket& socket) {
  asio::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return {};
  auto address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  const std::string text = address.to_string();
  return InlineString<48>(std::string_view(text).substr(0, 48));
}

}  // namespace

struct Loop::Woken {
  using allocator_type = OperationAllocator<std::byte>;
  allocator_type get_allocator() const { return allocator_type(loop->wake_memory_); }
  void operator()() const { loop->on_wake(); }
  Loop* loop;
};

Loop::Loop(const Shared& shared, std::size_t index)
    : shared_(shared),
      index_(index),
      work_(io_.get_executor()),
      sweeper_(io_.get_executor()),
      sweep_interval_(sweep_interval(shared.options.limits)) {}

void Loop::listen(int descriptor, const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  listeners_.push_back(std::make_unique<Listener>(io_, v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), descriptor));
}

void Loop::run() {
  for (const auto& listener : listeners_) accept(*listener);
  sweep_later();
  io_.run();
}

std::int64_t Loop::now_ms() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void Loop::accept(Listener& listener) {
  listener.acceptor.async_accept([this, &listener](const asio::error_code& error, Socket socket) {
    accepted(listener, error, std::move(socket));
  });
}

void Loop::accepted(Listener& listener, const asio::error_code& error, Socket socket) {
  if (draining_ || !listener.acceptor.is_open()) return;
  if (!error) {
    open(std::move(socket));
  } else {
    counts_.accept_failures.add(1);
    if (is_shortage(error)) {
      listener.pause.expires_after(50ms);
      listener.pause.async_wait([this, &listener](const asio::error_code& cancelled) {
        if (!cancelled && !draining_) accept(listener);
      });
      return;
    }
  }
  accept(listener);
}

void Loop::open(Socket socket) {
  counts_.accepted.add(1);
  if (connections_.size() >= limits().connections_max) return shed(socket);
  asio::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  const auto context = shared_.tls.get();
  const auto peer = peer_text(socket);
  auto connection = std::make_unique<Connection>(*this, std::move(socket), peer, context.get());
  connection->place = connections_.size();
  connections_.push_back(std::move(connection));
  counts_.open.add(1);
  connections_.back()->live();
}

// Without reading, parsing or a handshake: shedding must be cheaper than serving.
void Loop::shed(Socket& socket) {
  counts_.shed.add(1);
  if (shared_.options.tls) return;
  constexpr std::string_view busy =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
  (void)!::send(socket.native_handle(), busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Loop::forget(Connection& connection) {
  const std::size_t place = connection.place;
  std::swap(connections_[place], connections_.back());
  connections_[place]->place = place;
  connections_.pop_back();
  counts_.open.subtract(1);
  end_if_drained();
}

void Loop::sweep_later() {
  sweeper_.expires_after(sweep_interval_);
  sweeper_.async_wait([this](const asio::error_code& cancelled) {
    if (cancelled) return;
    sweep();
    sweep_later();
  });
}

void Loop::sweep() {
  const std::int64_t now = now_ms();
  for (const auto& connection : connections_) connection->expire(now);  // Closes sockets; nothing is destroyed yet.
}

bool Loop::take_grown(std::size_t bytes) {
  if (bytes > limits().grown_bytes_max - grown_bytes_) return false;
  grown_bytes_ += bytes;
  return true;
}

void Loop::hold(Connection& connection) {
  held_.insert(connection);
  counts_.held.add(1);
  // Released between the question and the insertion: then nobody else will wake us for it.
  if (shared_.gate.verdict(connection.sequence) != Verdict::wait) wake();
}

void Loop::settle_held(Verdict unless_decided) {
  while (!held_.empty()) {
    Verdict verdict = shared_.gate.verdict(held_.front().sequence);
    if (verdict == Verdict::wait) verdict = unless_decided;
    if (verdict == Verdict::wait) return;
    counts_.held.subtract(1);
    static_cast<Connection&>(held_.pop_front()).settle(verdict);
  }
}

void Loop::wake() {
  if (!woken_.exchange(true)) asio::post(io_, Woken{this});
}

void Loop::hand_back(Connection& connection) {
  {
    const std::lock_guard lock(inbox_mutex_);
    inbox_.push(connection);
  }
  wake();
}

void Loop::drain() {
  drain_wanted_ = true;
  wake();
}

void Loop::close_all() {
  close_wanted_ = true;
  drain();
}

void Loop::on_wake() {
  woken_ = false;  // First: what comes from here on wakes us again.
  if (drain_wanted_) start_draining();
  if (close_wanted_) close_connections();
  JobList served;
  {
    const std::lock_guard lock(inbox_mutex_);
    std::swap(served, inbox_);
  }
  while (!served.empty()) static_cast<Connection&>(served.pop()).resume_served();
  settle_held(close_wanted_ ? Verdict::abandon : Verdict::wait);
  end_if_drained();
}

void Loop::start_draining() {
  if (draining_) return;
  draining_ = true;
  for (const auto& listener : listeners_) {
    asio::error_code ignored;
    listener->acceptor.close(ignored);
    listener->pause.cancel();
  }
  for (const auto& connection : connections_) connection->close_if_idle();
}

void Loop::close_connections() {
  for (const auto& connection : connections_) connection->close();
}

void Loop::end_if_drained() {
  if (!draining_ || !connections_.empty()) return;
  sweeper_.cancel();
  work_.reset();
}

}  // namespace keyfold::http
