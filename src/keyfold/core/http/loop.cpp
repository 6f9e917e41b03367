#include "keyfold/core/http/loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace keyfold::http {
namespace {

using namespace std::chrono_literals;

// Often enough for the shortest timeout, seldom enough to cost nothing: one timer for all connections, none for each.
std::chrono::milliseconds sweep_interval(const Limits& limits) {
  const auto shortest = std::min({limits.idle_timeout, limits.head_timeout, limits.body_timeout, limits.write_timeout});
  return std::clamp<std::chrono::milliseconds>(shortest / 4, 10ms, 1000ms);
}

// For these to pass, somebody has to give something back first: trying at once again would only spin.
bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

constexpr std::int64_t shortage_pause_ms = 50;

std::int64_t coarse_now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// An IPv4 peer of an IPv6 socket would be ::ffff:…, but ours are one or the other.
InlineString<48> peer_text(const sockaddr_storage& peer) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* address = peer.ss_family == AF_INET6
                            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr)
                            : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(peer).sin_addr);
  return InlineString<48>(::inet_ntop(peer.ss_family, address, text.data(), text.size()) == nullptr ? "" : text.data());
}

}  // namespace

Loop::Loop(const Shared& shared, std::size_t index)
    : shared_(shared), index_(index), sweep_interval_ms_(sweep_interval(shared.options.limits).count()) {}

void Loop::listen(Descriptor socket) { listeners_.push_back(std::make_unique<Listener>(*this, std::move(socket))); }

void Loop::run() {
  now_ms_ = coarse_now_ms();
  next_sweep_ms_ = now_ms_ + sweep_interval_ms_;
  for (const auto& listener : listeners_) {
    KEYFOLD_CHECK(poller_.watch(listener->socket.get(), EPOLLIN, *listener).has_value());
  }
  while (!draining_ || !connections_.empty()) {
    shared_.service.caught_up();
    poller_.poll(timeout_ms());
    now_ms_ = coarse_now_ms();
    // After the events, for these may destroy connections that had some.
    take_turns();
    if (waker_.take_woken()) on_wake();
    if (now_ms_ >= next_sweep_ms_) sweep();
    resume_listeners();
  }
}

int Loop::timeout_ms() const {
  if (!turns_.empty()) return 0;
  std::int64_t until = next_sweep_ms_;
  for (const auto& listener : listeners_) {
    if (listener->paused_until_ms != 0) until = std::min(until, listener->paused_until_ms);
  }
  // The coarse clock is up to one of its ticks behind.
  return static_cast<int>(std::max<std::int64_t>(until - now_ms_, 1));
}

void Loop::accept(Listener& listener) {
  constexpr int batch_max = 64;
  for (int i = 0; i < batch_max; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    Descriptor socket(
        ::accept4(listener.socket.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.get() >= 0) {
      open(std::move(socket), peer_text(peer));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    counts_.accept_failures.add(1);
    if (!is_shortage(errno)) continue;  // That connection's own trouble.
    listener.paused_until_ms = now_ms_ + shortage_pause_ms;
    poller_.change(listener.socket.get(), 0, listener);
    return;
  }
}

void Loop::resume_listeners() {
  for (const auto& listener : listeners_) {
    if (listener->paused_until_ms == 0 || now_ms_ < listener->paused_until_ms) continue;
    listener->paused_until_ms = 0;
    poller_.change(listener->socket.get(), EPOLLIN, *listener);
  }
}

void Loop::open(Descriptor socket, std::string_view peer) {
  counts_.accepted.add(1);
  if (connections_.size() >= limits().connections_max) return shed(socket);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const auto context = shared_.tls.get();
  auto opened = std::make_unique<Connection>(*this, std::move(socket), peer, context.get());
  Connection& connection = *opened;
  if (!poller_.watch(connection.descriptor(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, connection)) {
    counts_.accept_failures.add(1);
    return;
  }
  connection.place = connections_.size();
  connections_.push_back(std::move(opened));
  counts_.open.add(1);
  connection.live();
}

// Without reading, parsing or a handshake: shedding must be cheaper than serving.
void Loop::shed(const Descriptor& socket) {
  counts_.shed.add(1);
  if (shared_.options.tls) return;
  constexpr std::string_view busy =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
  (void)!::send(socket.get(), busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Loop::forget(Connection& connection) {
  const std::size_t place = connection.place;
  std::swap(connections_[place], connections_.back());
  connections_[place]->place = place;
  connections_.pop_back();
  counts_.open.subtract(1);
}

void Loop::wait_turn(Connection& connection) { turns_.push_back(&connection); }

void Loop::take_turns() {
  std::swap(turns_, taking_turns_);
  for (Connection* connection : taking_turns_) connection->resume_turn();
  taking_turns_.clear();
}

void Loop::sweep() {
  next_sweep_ms_ = now_ms_ + sweep_interval_ms_;
  for (const auto& connection : connections_) connection->expire(now_ms_);  // Nothing is destroyed yet.
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
  if (!woken_.exchange(true)) waker_.wake();
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
}

void Loop::start_draining() {
  if (draining_) return;
  draining_ = true;
  listeners_.clear();
  for (const auto& connection : connections_) connection->close_if_idle();
}

void Loop::close_connections() {
  for (const auto& connection : connections_) connection->close();
}

}  // namespace keyfold::http
