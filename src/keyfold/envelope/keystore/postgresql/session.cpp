#include "keyfold/envelope/keystore/postgresql/session.h"

#include <poll.h>

#include <charconv>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keystore/postgresql/address.h"

namespace keyfold::keystore {
namespace {

// What the text may set otherwise, and then (after "dbname") what it may not. A machine that acknowledges nothing is
// given up after tcp_user_timeout, in ms, and the next of the hosts is tried.
constexpr const char* keywords[] = {"sslmode", "tcp_user_timeout", "application_name",
                                    "dbname",  "client_encoding",  nullptr};

// A commit that was answered must not be lost with a machine: messages may be sealed under it already. The server's
// timeouts are shorter than postgresql_patience: a server that still works says itself why it ended a command.
constexpr const char* settings =
    "SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
    " WHERE pg_catalog.current_setting('synchronous_commit') = 'off';"
    "SET statement_timeout = '10s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '30s';"
    "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off";

std::string one_line(const char* message) {
  std::string text(message == nullptr ? "" : message);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return text.empty() ? "the database does not answer" : text;
}

// PostgreSQL manual, appendix "PostgreSQL Error Codes".
ErrorCode code_of(std::string_view state) {
  const auto in_class = [&](std::string_view prefix) { return state.starts_with(prefix); };
  if (state.empty() || in_class("08") || in_class("53") || in_class("57") || state == "55P03")
    return ErrorCode::unavailable;
  // Rolled back, a deadlock's victim for one; or a standby, which only reads, and may be the primary next time.
  if (in_class("40") || state == "25006") return ErrorCode::unavailable;
  if (state == "23505") return ErrorCode::conflict;
  // 3D000: no such database. `not_found` would be of a branch key, or of the tables.
  if (in_class("28") || state == "42501" || state == "3D000") return ErrorCode::access_denied;
  if (state == "42P01" || state == "3F000") return ErrorCode::not_found;
  if (state == "42P07") return ErrorCode::already_exists;
  if (in_class("XX")) return ErrorCode::corrupt;
  return ErrorCode::io;
}

// The SQLSTATE among libpq's verbose words ("FATAL:  28P01: password …"), or nothing. The last, of the last host tried.
std::string_view state_in(std::string_view words) {
  constexpr std::size_t size = 5;
  for (auto at = words.rfind(":  "); at != std::string_view::npos && at > 0; at = words.rfind(":  ", at - 1)) {
    const auto rest = words.substr(at + 3);
    const auto state = rest.substr(0, size);
    const bool is_state =
        std::ranges::all_of(state, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
    if (is_state && rest.substr(state.size()).starts_with(": ")) return state;
  }
  return {};
}

// Words of OpenSSL's and of libpq's about the server's certificate. There is no number for it.
bool is_about_certificate(std::string_view words) {
  return words.find("certificate verify failed") != std::string_view::npos ||
         words.find("server certificate") != std::string_view::npos;
}

bool is_copy(const PGresult* result) {
  const auto status = PQresultStatus(result);
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

bool is_failed(const PGresult* result) {
  const auto status = PQresultStatus(result);
  return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY;
}

// Whether the socket has become ready within a moment.
bool becomes_ready(int socket, short events) {
  constexpr int moment_ms = 50;
  pollfd entry{.fd = socket, .events = events, .revents = 0};
  return poll(&entry, 1, moment_ms) > 0;
}

}  // namespace

int Reply::rows_changed() const {
  const std::string_view text = PQcmdTuples(result_.get());
  int count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

BytesView Reply::bytes(int row, int column) const {
  return {reinterpret_cast<const std::byte*>(PQgetvalue(result_.get(), row, column)),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

Result<Session> Session::open(const std::string& connection, Deadline deadline) {
  TRY(refuse_passwords(connection));
  const char* values[] = {"verify-full", "5000", "keyfold", connection.c_str(), "UTF8", nullptr};
  Session session;
  session.must_end_by(deadline);
  // This settles where to go and knocks; passwords are only sent in connect().
  session.connection_.reset(PQconnectStartParams(keywords, values, /*expand_dbname=*/1));
  KEYFOLD_CHECK(session.connection_ != nullptr);  // Only without memory.
  TRY(check_route(route_of(session.connection_.get())));
  TRY(session.connect());
  TRY(session.check_privacy());
  TRY(session.set_up());
  return session;
}

Outcome Session::connect() {
  auto* raw = connection_.get();
  PQsetNoticeProcessor(raw, [](void*, const char*) {}, nullptr);  // Else it writes to standard error.
  PQsetErrorVerbosity(raw, PQERRORS_VERBOSE);                     // For the SQLSTATE of a refusal.
  auto next = PQstatus(raw) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) return refusal();
    TRY(wait_for(next == PGRES_POLLING_READING ? POLLIN : POLLOUT));
    next = PQconnectPoll(raw);
  }
  if (PQsetnonblocking(raw, 1) != 0) return error_of(nullptr);
  return ok();
}

// The second line: what came of it, after check_route().
Outcome Session::check_privacy() const {
  auto* raw = connection_.get();
  const char* host = PQhost(raw);
  const char* address = PQhostaddr(raw);
  if (PQsslInUse(raw) != 0 || PQgssEncInUse(raw) != 0 ||
      is_here(host == nullptr ? "" : host, address == nullptr ? "" : address))
    return ok();
  return Error{ErrorCode::invalid_input, "the database is on another machine and its connection is not encrypted"};
}

Outcome Session::set_up() {
  TRY_ASSIGN(const auto encoding, run("SELECT pg_catalog.current_setting('server_encoding')"));
  if (encoding.rows() != 1 || encoding.text(0, 0) != "UTF8")
    return Error{ErrorCode::invalid_input, "the database's encoding is not UTF8: ids of branch keys would not fit it"};
  return run_all(settings);
}

Result<Reply> Session::run(const char* sql, std::initializer_list<Parameter> parameters) {
  std::vector<std::string> texts;  // With the zero at the end that libpq wants of text.
  texts.reserve(parameters.size());
  std::vector<const char*> values;
  std::vector<int> sizes, forms;
  for (const auto& parameter : parameters) {
    const bool binary = parameter.form == Parameter::Form::binary;
    texts.emplace_back(as_text(parameter.bytes));
    values.push_back(texts.back().c_str());
    sizes.push_back(static_cast<int>(parameter.bytes.size()));
    forms.push_back(binary ? 1 : 0);
  }
  return answer_to(PQsendQueryParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr, values.data(),
                                     sizes.data(), forms.data(), /*resultFormat=*/1));
}

Outcome Session::run_all(const char* sql) {
  TRY(answer_to(PQsendQuery(connection_.get(), sql)));
  return ok();
}

// The last result of what was sent, once there are no more.
Result<Reply> Session::answer_to(int is_sent) {
  auto* raw = connection_.get();
  if (is_sent != 1) return error_of(nullptr);
  TRY(send_rest());
  Reply last(nullptr);
  for (;;) {
    while (PQisBusy(raw) != 0) TRY(read_more(POLLIN));
    Reply next(PQgetResult(raw));
    if (next.raw() == nullptr) break;
    last = std::move(next);
    if (is_copy(last.raw())) break;  // Unasked for, and it would never end. Left open, it ends the session.
  }
  if (is_failed(last.raw())) return error_of(last.raw());
  return last;
}

Outcome Session::send_rest() {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) return ok();
    if (left < 0) return error_of(nullptr);
    TRY(read_more(POLLIN | POLLOUT));  // The server may have to get rid of something before it takes more.
  }
}

// Looks for input every moment, ready or not: of a TLS record over 8 kB the rest may wait inside OpenSSL, where poll()
// does not see it.
Outcome Session::read_more(short events) {
  TRY(check_deadline());
  (void)becomes_ready(PQsocket(connection_.get()), events);
  return PQconsumeInput(connection_.get()) == 1 ? ok() : Outcome(error_of(nullptr));
}

Outcome Session::wait_for(short events) const {
  do {
    TRY(check_deadline());
  } while (!becomes_ready(PQsocket(connection_.get()), events));
  return ok();
}

Outcome Session::check_deadline() const {
  if (std::chrono::steady_clock::now() < deadline_) return ok();
  return Error{ErrorCode::unavailable, "the database does not answer in time"};
}

bool Session::is_alive() const {
  return PQstatus(connection_.get()) == CONNECTION_OK && PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

bool Session::answers() { return answer_to(PQsendQuery(connection_.get(), "")) && is_alive(); }

Error Session::error_of(const PGresult* result) const {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return {code_of(state == nullptr ? "" : state),
          "the database: " + one_line(primary == nullptr ? PQerrorMessage(connection_.get()) : primary)};
}

Error Session::refusal() const {
  const std::string_view words = PQerrorMessage(connection_.get());
  const bool is_distrust = PQconnectionNeedsPassword(connection_.get()) != 0 || is_about_certificate(words);
  // Where in the server's source it was said is of no use to anybody.
  const std::string shown(words.substr(0, words.find("\nLOCATION:")));
  return {is_distrust ? ErrorCode::access_denied : code_of(state_in(words)), one_line(shown.c_str())};
}

}  // namespace keyfold::keystore
