#pragma once
// One connection of a server: receive, parse, serve, wait for the audit, send, and again. advance() decides and never
// waits; live() is the coroutine that does the waiting. Everything happens on its loop's thread but SlowJob::run().

#include <array>
#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "keyfold/core/http/buffer.h"
#include "keyfold/core/http/descriptor.h"
#include "keyfold/core/http/held_list.h"
#include "keyfold/core/http/poller.h"
#include "keyfold/core/http/request_parser.h"
#include "keyfold/core/http/slow_pool.h"
#include "keyfold/core/http/tls.h"
#include "keyfold/core/http/waiting.h"

namespace keyfold::http {

class Loop;

class Connection final : public SlowJob, public Held, public Watched {
 public:
  // TLS when `context` is not null.
  Connection(Loop& loop, Descriptor socket, std::string_view peer, SSL_CTX* context);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Lives until the connection is over, then has the loop forget (and so destroy) it.
  Detached live();

  std::size_t place = 0;  // The loop's: where it keeps it.

  // For the loop. Each may end in the connection's destruction.
  void expire(std::int64_t now_ms);  // When its peer has been too slow: 408 to half a request, else closes it.
  void close_if_idle();
  void close();                  // Whatever it is doing.
  void settle(Verdict verdict);  // It was held.
  void resume_served();          // It was in the slow lane.
  void resume_turn();            // It waited for its turn.
  void ready(std::uint32_t events) override;
  int descriptor() const { return socket_.get(); }

  void run(std::size_t thread) override;
  void abandon() override;

 private:
  enum class Wait : std::uint8_t { bytes, room, slow, release, over };
  enum class WaitingFor : std::uint8_t { nothing, bytes, room, turn };
  enum class Phase : std::uint8_t { reading, replying, parting, lingering, over };
  enum class Stage : std::uint8_t { untimed, idle, head, body, write, linger };
  enum class Flushed : std::uint8_t { all, blocked, broken };

  // `co_await Receiving(…)` is how many bytes came; 0: the end, an error, or close().
  struct Receiving {
    Connection& connection;
    bool await_ready() { return connection.receive(); }
    void await_suspend(std::coroutine_handle<> waiting) { connection.wait(waiting); }
    std::size_t await_resume() const { return connection.received_; }
  };
  struct Writable {
    Connection& connection;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
      connection.waiting_for_ = WaitingFor::room;
      connection.parked_ = waiting;
    }
    void await_resume() const {}
  };

  bool receive();
  void wait(std::coroutine_handle<> waiting);
  void resume();
  Wait advance();
  Wait on_received(std::size_t count);
  Wait on_served();
  Wait on_verdict();
  std::optional<Wait> read_on();
  void decrypt();
  std::optional<Wait> want_more(RequestParser::State state);
  bool make_room();
  Wait serve();
  Wait hold_or_reply(Release release);
  void refuse_malformed(int status, std::string_view reason);
  void begin_reply();
  void end_reply();
  Flushed flush();
  void watch(Stage stage);
  std::span<std::byte> receive_space();

  Loop& loop_;
  Descriptor socket_;
  const InlineString<48> peer_;
  std::unique_ptr<TlsSession> tls_;
  Buffer input_;  // Plaintext.
  RequestParser parser_;
  Request request_;
  Reply reply_;
  std::string head_;
  std::array<std::string_view, 2> unsent_;
  Phase phase_ = Phase::reading;
  Stage stage_ = Stage::untimed;
  std::int64_t deadline_ms_ = 0;
  bool ended_ = false;      // TLS: nothing more will come.
  bool continued_ = false;  // "100 Continue" was sent for this request.
  bool closing_ = false;    // The reply being sent is the last.
  bool malformed_ = false;
  bool doomed_ = false;     // close() was called.
  bool timed_out_ = false;  // Half a request came, and the rest not in time.
  bool abandoned_ = false;  // Never served. Written by whoever stops the server, before the connection is handed back.
  Release release_ = Release::at_once();
  Verdict verdict_ = Verdict::wait;
  std::coroutine_handle<> parked_;
  WaitingFor waiting_for_ = WaitingFor::nothing;
  bool readable_ = false;  // There may be bytes: an event said so, and no recv has come up short since.
  bool hung_up_ = false;   // The last event there will be.
  int receives_ = 0;       // Since it last waited.
  std::size_t received_ = 0;
};

}  // namespace keyfold::http
