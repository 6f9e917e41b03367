#pragma once
// One connection to a PostgreSQL server, as a value that cleans up after itself. Not safe to use from several threads
// at once.

#include <libpq-fe.h>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "keyfold/core/base/bytes.h"

namespace keyfold::keystore {

// What a command answered with. Rows and columns count from 0; columns are in binary form, as long as this lives.
class Reply {
 public:
  explicit Reply(PGresult* result) : result_(result) {}
  int rows() const { return PQntuples(result_.get()); }
  int rows_changed() const;
  std::string_view text(int row, int column) const { return as_text(bytes(row, column)); }
  BytesView bytes(int row, int column) const;
  const PGresult* raw() const { return result_.get(); }

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

// A parameter of a command: text or bytes, which must live until it has run.
struct Parameter {
  enum class Form : std::uint8_t { text, binary };
  Parameter(std::string_view text) : bytes(as_bytes(text)), form(Form::text) {}
  Parameter(const std::string& text) : Parameter(std::string_view(text)) {}
  Parameter(BytesView binary) : bytes(binary), form(Form::binary) {}
  Parameter(const Bytes& binary) : Parameter(BytesView(binary)) {}
  BytesView bytes;
  Form form;
};

using Deadline = std::chrono::steady_clock::time_point;

class Session {
 public:
  // Checks first what postgresql_records.h says of passwords and of encryption, before a password could be sent. Fails
  // as RecordStore does. The deadline holds for what follows too. (Looking up a host's name has limits of its own.)
  static Result<Session> open(const std::string& connection, Deadline deadline);

  // For what follows. What is not answered by then fails with `unavailable`, and the session is not alive any more.
  void must_end_by(Deadline deadline) { deadline_ = deadline; }

  // One command with its parameters ($1, …). Fails as RecordStore does; with `not_found` when there is no such table,
  // `already_exists` when there is one.
  Result<Reply> run(const char* sql, std::initializer_list<Parameter> parameters = {});
  // Several commands, without parameters and results.
  Outcome run_all(const char* sql);
  // False: the server is gone or has closed the connection, as far as has been noticed; or a transaction or a command
  // was left open.
  bool is_alive() const;
  // Notices by asking.
  bool answers();

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  Outcome connect();
  Outcome check_privacy() const;
  Outcome set_up();
  Result<Reply> answer_to(int is_sent);
  Outcome send_rest();
  Outcome read_more(short events);
  Outcome wait_for(short events) const;
  Outcome check_deadline() const;
  Error error_of(const PGresult* result) const;
  Error refusal() const;

  std::unique_ptr<PGconn, Finish> connection_;
  Deadline deadline_{};
};

}  // namespace keyfold::keystore
