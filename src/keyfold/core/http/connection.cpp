#include "keyfold/core/http/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "keyfold/core/http/loop.h"

namespace keyfold::http {
namespace {

// A recv that does not fill it has brought all there is: no second one to find that out.
constexpr std::size_t input_capacity_min = std::size_t{16} * 1024;
// No secret that a KMS answers with is longer in base64, so the body does not leave copies behind by growing.
constexpr std::size_t reply_capacity = std::size_t{8} * 1024;
constexpr std::chrono::milliseconds linger_timeout{2000};
// How often a connection that always has more may go on before the others have their turn.
constexpr int receives_max = 16;

std::size_t input_capacity(const Limits& limits) { return std::max(input_capacity_min, limits.header_bytes_max); }

}  // namespace

Connection::Connection(Loop& loop, Descriptor socket, std::string_view peer, SSL_CTX* context)
    : loop_(loop),
      socket_(std::move(socket)),
      peer_(peer),
      tls_(context == nullptr ? nullptr : TlsSession::server(*context)),
      input_(input_capacity(loop.limits())),
      parser_(loop.limits()) {
  reply_.body.reserve(reply_capacity);
  head_.reserve(512);
}

Connection::~Connection() {
  loop_.give_grown(input_.capacity() - input_capacity(loop_.limits()));
  reply_.clear();
}

Detached Connection::live() {
  Loop& loop = loop_;
  Wait wait = advance();
  while (wait != Wait::over) {
    switch (wait) {
      case Wait::bytes: {
        const std::size_t count = co_await Receiving{*this};
        wait = on_received(count);
        break;
      }
      case Wait::room: {
        co_await Writable{*this};
        wait = advance();
        break;
      }
      case Wait::slow: {
        co_await Parked(parked_);
        wait = on_served();
        break;
      }
      case Wait::release: {
        co_await Parked(parked_);
        wait = on_verdict();
        break;
      }
      case Wait::over:
        break;
    }
  }
  loop.forget(*this);
}

Connection::Wait Connection::advance() {
  for (;;) {
    switch (flush()) {
      case Flushed::all:
        break;
      case Flushed::blocked:
        watch(Stage::write);
        return Wait::room;
      case Flushed::broken:
        return Wait::over;
    }
    switch (phase_) {
      case Phase::reading:
        if (const auto wait = read_on()) return *wait;
        break;
      case Phase::replying:
        end_reply();
        break;
      case Phase::parting: {
        // Closing with unread bytes would reset the connection, and the reply could be lost on its way. A server that
        // stops does not wait for clients that have nothing more to say.
        if (loop_.draining() && !malformed_ && input_.size() == 0) return Wait::over;
        ::shutdown(socket_.get(), SHUT_WR);
        input_.consume(input_.size());
        phase_ = Phase::lingering;
        break;
      }
      case Phase::lingering:
        watch(Stage::linger);
        return Wait::bytes;
      case Phase::over:
        return Wait::over;
    }
  }
}

std::span<std::byte> Connection::receive_space() {
  return tls_ && phase_ != Phase::lingering ? tls_->input_space() : input_.space();
}

// False: nothing there yet, or not its turn.
bool Connection::receive() {
  if (!readable_ || receives_ == receives_max) return false;
  ++receives_;
  const auto space = receive_space();
  ssize_t count = 0;
  do {
    count = ::recv(socket_.get(), space.data(), space.size(), MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    readable_ = false;
    return false;
  }
  received_ = count < 0 || doomed_ ? 0 : static_cast<std::size_t>(count);
  // Edge-triggered: what comes later is another event (epoll(7)). But no event follows a hang-up.
  readable_ = hung_up_ || received_ == space.size();
  return true;
}

void Connection::wait(std::coroutine_handle<> waiting) {
  parked_ = waiting;
  if (readable_) {
    waiting_for_ = WaitingFor::turn;
    loop_.wait_turn(*this);
  } else {
    waiting_for_ = WaitingFor::bytes;
  }
}

void Connection::resume() {
  waiting_for_ = WaitingFor::nothing;
  std::exchange(parked_, {}).resume();
}

void Connection::resume_turn() {
  receives_ = 0;
  waiting_for_ = WaitingFor::bytes;
  if (timed_out_) received_ = 0;
  if (timed_out_ || receive()) resume();
}

void Connection::ready(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if ((events & EPOLLIN) != 0 || hung_up_) readable_ = true;
  if (waiting_for_ == WaitingFor::bytes) {
    receives_ = 0;
    if (receive()) resume();
  } else if (waiting_for_ == WaitingFor::room) {
    resume();
  }
}

Connection::Wait Connection::on_received(std::size_t count) {
  loop_.counts().received.add(count);
  if (phase_ == Phase::lingering) return count == 0 ? Wait::over : Wait::bytes;
  if (std::exchange(timed_out_, false) && !doomed_) {
    refuse_malformed(408, "The request did not arrive in time.");
    return advance();
  }
  if (count == 0) {
    if (tls_ && !tls_->established() && !doomed_) loop_.counts().tls_failures.add(1);
    return Wait::over;
  }
  if (tls_) {
    tls_->received(count);
  } else {
    input_.commit(count);
  }
  return advance();
}

// Nothing: go round again. Otherwise: wait.
std::optional<Connection::Wait> Connection::read_on() {
  if (tls_) decrypt();
  const auto state = parser_.parse(input_.filled());
  switch (state) {
    case RequestParser::State::head:
    case RequestParser::State::body:
      return want_more(state);
    case RequestParser::State::refused:
      refuse_malformed(parser_.status(), parser_.reason());
      return std::nullopt;
    case RequestParser::State::complete:
      break;
  }
  const Wait wait = serve();
  if (wait == Wait::room) return std::nullopt;  // There is a reply.
  return wait;
}

void Connection::decrypt() {
  while (!ended_ && !input_.space().empty()) {
    const auto read = tls_->read(input_.space());
    input_.commit(read.count);
    if (read.status == TlsSession::Status::wants_input) break;
    if (read.status == TlsSession::Status::ok) continue;
    ended_ = true;
    if (!tls_->established()) loop_.counts().tls_failures.add(1);
  }
}

std::optional<Connection::Wait> Connection::want_more(RequestParser::State state) {
  if (ended_ || (loop_.draining() && input_.size() == 0)) {
    if (tls_) tls_->shut_down();
    phase_ = Phase::over;
    return std::nullopt;
  }
  if (input_.space().empty()) {
    if (!make_room()) refuse_malformed(503, "Too many large requests at once.");
    return std::nullopt;
  }
  if (state == RequestParser::State::body && parser_.expects_continue() && !continued_) {
    continued_ = true;
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (tls_) {
      tls_->write(as_bytes(go_on));
    } else {
      unsent_[0] = go_on;
    }
    return std::nullopt;
  }
  if (tls_ && !tls_->output().empty()) return std::nullopt;  // Of the handshake.
  if (state == RequestParser::State::body) {
    watch(Stage::body);
  } else {
    watch(input_.size() > 0 || (tls_ && !tls_->established()) ? Stage::head : Stage::idle);
  }
  return Wait::bytes;
}

// Grows with what has arrived, not with what was announced.
bool Connection::make_room() {
  const std::size_t capacity = std::min(input_.capacity() * 2, parser_.message_size());
  if (!loop_.take_grown(capacity - input_.capacity())) return false;
  input_.reallocate(capacity);
  return true;
}

// Wait::room stands for: a reply has begun.
Connection::Wait Connection::serve() {
  loop_.counts().requests.add(1);
  request_ = parser_.request();
  request_.peer = peer_;
  if (tls_) {
    request_.transport = Transport::tls;
    request_.tls_version = tls_->version();
    request_.cipher_suite = tls_->cipher_suite();
  }
  closing_ = !parser_.keeps_alive();
  Service& service = loop_.shared().service;
  const Lane lane = service.lane_of(request_);
  if (lane == Lane::fast) return hold_or_reply(service.serve(request_, reply_, loop_.index()));
  watch(Stage::untimed);
  // From here on the connection is the slow lane's, until it hands it back.
  if (loop_.shared().pool.submit(*this, lane) == SlowPool::Submitted::yes) return Wait::slow;
  wipe(request_.body);
  loop_.counts().overloaded.add(1);
  service.overloaded(request_, lane, reply_);
  begin_reply();
  return Wait::room;
}

void Connection::run(std::size_t thread) {
  release_ = loop_.shared().service.serve(request_, reply_, thread);
  loop_.hand_back(*this);
}

void Connection::abandon() {
  abandoned_ = true;
  loop_.hand_back(*this);
}

void Connection::resume_served() { resume(); }

Connection::Wait Connection::on_served() {
  if (doomed_ || abandoned_) return Wait::over;
  const Wait wait = hold_or_reply(release_);
  return wait == Wait::room ? advance() : wait;
}

Connection::Wait Connection::hold_or_reply(Release release) {
  wipe(request_.body);  // Now, while it is near; the reply may be held for long.
  if (release.sequence() != 0) {
    sequence = release.sequence();
    verdict_ = loop_.shared().gate.verdict(sequence);
    if (verdict_ == Verdict::wait) {
      watch(Stage::untimed);
      loop_.hold(*this);
      return Wait::release;
    }
    if (verdict_ == Verdict::refuse) {
      loop_.counts().refused.add(1);
      reply_.clear();
      loop_.shared().service.refuse(request_, reply_);
    }
  }
  begin_reply();
  return Wait::room;
}

void Connection::settle(Verdict verdict) {
  verdict_ = verdict;
  resume();
}

Connection::Wait Connection::on_verdict() {
  if (verdict_ == Verdict::abandon) return Wait::over;
  if (verdict_ == Verdict::refuse) {
    loop_.counts().refused.add(1);
    reply_.clear();
    loop_.shared().service.refuse(request_, reply_);
  }
  begin_reply();
  return advance();
}

void Connection::refuse_malformed(int status, std::string_view reason) {
  loop_.counts().malformed.add(1);
  malformed_ = closing_ = true;
  request_ = {};
  reply_.status = status;
  loop_.shared().service.malformed(reason, reply_);
  begin_reply();
}

void Connection::begin_reply() {
  closing_ = closing_ || loop_.draining();
  head_.clear();
  append_reply_head(head_, reply_, closing_ ? Persistence::close : Persistence::keep_alive, loop_.date());
  const std::string_view body = request_.method == Method::head ? std::string_view() : std::string_view(reply_.body);
  if (tls_) {
    // One record, so one send: gathered first, where it is wiped at once.
    std::string& gathered = loop_.scratch();
    gathered.append(head_).append(body);
    tls_->write(as_bytes(gathered));
    wipe(std::span(reinterpret_cast<std::byte*>(gathered.data()), gathered.size()));
    gathered.clear();
  } else {
    unsent_ = {head_, body};
  }
  phase_ = Phase::replying;
}

void Connection::end_reply() {
  reply_.clear();
  if (reply_.body.capacity() > 4 * reply_capacity) {
    reply_.body.shrink_to_fit();
    reply_.body.reserve(reply_capacity);
  }
  stage_ = Stage::untimed;
  if (closing_) {
    if (!malformed_) input_.drop(parser_.message_size());
    if (tls_) tls_->shut_down();
    phase_ = Phase::parting;
    return;
  }
  input_.drop(parser_.message_size());
  const std::size_t ordinary = input_capacity(loop_.limits());
  if (input_.capacity() > ordinary && input_.size() <= ordinary) {
    loop_.give_grown(input_.capacity() - ordinary);
    input_.reallocate(ordinary);
  }
  parser_.reset();
  request_ = {};
  continued_ = false;
  phase_ = Phase::reading;
}

Connection::Flushed Connection::flush() {
  if (tls_ && unsent_[0].empty()) unsent_[0] = tls_->output();
  while (!unsent_[0].empty() || !unsent_[1].empty()) {
    std::array<iovec, 2> pieces;
    for (std::size_t i = 0; i < 2; ++i) pieces[i] = {const_cast<char*>(unsent_[i].data()), unsent_[i].size()};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = unsent_[1].empty() ? 1 : 2;
    const ssize_t count = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Flushed::blocked : Flushed::broken;
    }
    loop_.counts().sent.add(static_cast<std::uint64_t>(count));
    auto sent = static_cast<std::size_t>(count);
    for (std::string_view& piece : unsent_) {
      const std::size_t of_this = std::min(sent, piece.size());
      piece.remove_prefix(of_this);
      sent -= of_this;
    }
  }
  if (tls_) tls_->clear_output();
  return Flushed::all;
}

void Connection::watch(Stage stage) {
  if (stage == stage_) return;
  stage_ = stage;
  const Limits& limits = loop_.limits();
  std::chrono::milliseconds allowed{};
  switch (stage) {
    case Stage::untimed:
      deadline_ms_ = std::numeric_limits<std::int64_t>::max();
      return;
    case Stage::idle:
      allowed = limits.idle_timeout;
      break;
    case Stage::head:
      allowed = limits.head_timeout;
      break;
    case Stage::body:
      allowed = limits.body_timeout;
      break;
    case Stage::write:
      allowed = limits.write_timeout;
      break;
    case Stage::linger:
      allowed = linger_timeout;
      break;
  }
  deadline_ms_ = loop_.now_ms() + allowed.count();
}

void Connection::expire(std::int64_t now_ms) {
  if (stage_ == Stage::untimed || now_ms < deadline_ms_) return;
  if (stage_ != Stage::idle && stage_ != Stage::linger) loop_.counts().timeouts.add(1);
  const bool half_a_request = (stage_ == Stage::head || stage_ == Stage::body) && (!tls_ || tls_->established());
  if (!half_a_request) return close();
  // It is told so, in its turn: nothing may be destroyed here.
  watch(Stage::untimed);
  timed_out_ = true;
  if (waiting_for_ != WaitingFor::bytes) return;  // It has its turn coming.
  waiting_for_ = WaitingFor::turn;
  loop_.wait_turn(*this);
}

void Connection::close_if_idle() {
  if (stage_ == Stage::idle || stage_ == Stage::linger) close();
}

// Whatever it waits for on the socket ends: the shutdown is an event.
void Connection::close() {
  doomed_ = true;
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace keyfold::http
