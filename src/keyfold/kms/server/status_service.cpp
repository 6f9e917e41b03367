#include "keyfold/kms/server/status_service.h"

#include "keyfold/core/protocol/json.h"

namespace keyfold::server {
namespace {

constexpr std::int64_t advance_max = std::int64_t{100} * 365 * 86400;  // Seconds: dates must stay below the year 10000.

void write_text(http::Reply& reply, int status, std::string_view text) {
  reply.status = status;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body.assign(text).append("\n");
}

}  // namespace

http::Release StatusService::serve(const http::Request& request, http::Reply& reply, std::size_t) {
  const bool reads = request.method != http::Method::post;
  if (reads && request.target == "/healthz") {
    write_text(reply, 200, "ok");
  } else if (reads && request.target == "/readyz") {
    const auto ready = sources_.ready();
    write_text(reply, ready ? 200 : 503, ready ? std::string_view("ready") : std::string_view(ready.error().message));
  } else if (reads && request.target == "/metrics") {
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    sources_.metrics(reply.body);
  } else if (!reads && request.target == "/clock" && sources_.advance) {
    advance_clock(request, reply);
  } else {
    write_text(reply, 404, "not found");
  }
  return http::Release::at_once();
}

void StatusService::advance_clock(const http::Request& request, http::Reply& reply) {
  protocol::JsonReader json;
  const auto body = json.parse(as_text(request.body));
  const auto seconds =
      body && body->is(protocol::JsonValue::Kind::object) ? body->find("advance_seconds") : std::nullopt;
  if (!seconds || !seconds->is(protocol::JsonValue::Kind::integer) || seconds->integer() < 0 ||
      seconds->integer() > advance_max)
    return write_text(reply, 400, "wanted: {\"advance_seconds\": N}, N from 0 to 100 years");
  const auto advanced = sources_.advance(std::chrono::seconds(seconds->integer()));
  write_text(reply, advanced ? 200 : 409,
             advanced ? std::string_view("ok") : std::string_view(advanced.error().message));
}

}  // namespace keyfold::server
