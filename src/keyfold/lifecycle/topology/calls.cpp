#include "keyfold/lifecycle/topology/calls.h"

#include <thread>

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json_writer.h"

namespace keyfold::topology {
namespace {

constexpr std::chrono::milliseconds first_pause{100};  // Doubles.

}  // namespace

void sleep_for(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

Result<Reply> Reply::to(client::Kms& kms, std::string_view operation, std::string_view request) {
  const auto about = [&](const Error& error) {
    return Error{error.code, std::string(operation) + ": " + error.message};
  };
  const auto text = kms.call(operation, request);
  if (!text) return about(text.error());
  protocol::JsonReader reader;
  // Where AWS answers with an empty body.
  const auto object = reader.parse(text->empty() ? std::string_view("{}") : std::string_view(*text));
  if (!object) return about(object.error());
  if (!object->is(protocol::JsonValue::Kind::object))
    return about({ErrorCode::serialization, "the KMS did not answer with a JSON object"});
  const auto value = *object;
  return Reply(std::move(reader), value);
}

Result<Reply> ask(client::Kms& kms, std::string_view operation, std::string_view request, const Pause& pause) {
  auto wait = first_pause;
  for (unsigned attempt = 1;; ++attempt) {
    auto reply = Reply::to(kms, operation, request);
    if (reply || reply.error().code != ErrorCode::unavailable || attempt == call_attempts_max) return reply;
    pause(wait);
    wait *= 2;
  }
}

std::string request_of(std::string_view name, std::string_view value) {
  std::string request;
  protocol::JsonWriter(request).begin_object().text(name, value).end_object();
  return request;
}

Outcome check_is_of(std::string_view arn, const AccountId& account, const Region& region) {
  const auto parts = split_arn(arn);
  if (!parts) return Error{ErrorCode::serialization, "the KMS does not say whose a key or an alias is"};
  if (parts->account == account.text() && parts->region == region.text()) return ok();
  return Error{ErrorCode::invalid_input, "the file is about account " + std::string(account.text()) + " in " +
                                             std::string(region.text()) + ", and the KMS has " + std::string(arn) +
                                             ": other credentials, or another endpoint, are needed"};
}

Outcome each_page(client::Kms& kms, std::string_view operation, std::string_view members, const Pause& pause,
                  const std::function<Outcome(const protocol::JsonValue&)>& visit) {
  std::string marker;
  for (std::size_t page = 0; page < pages_max; ++page) {
    std::string request = "{" + std::string(members);
    if (!marker.empty()) {
      if (!members.empty()) request += ',';
      request += "\"Marker\":";
      protocol::JsonWriter(request).text(marker);
    }
    TRY_ASSIGN(const auto reply, ask(kms, operation, request + "}", pause));
    TRY(visit(reply.object()));
    const auto more = reply.object().find("Truncated");
    if (!more || !more->is(protocol::JsonValue::Kind::boolean) || !more->boolean()) return ok();
    std::string next(reply.object().text_of("NextMarker"));
    if (next.empty() || next == marker)
      return Error{ErrorCode::serialization, std::string(operation) + ": the KMS says there is more, and not where"};
    marker = std::move(next);
  }
  return Error{ErrorCode::limit_exceeded,
               std::string(operation) + ": more than " + std::to_string(pages_max) + " pages"};
}

}  // namespace keyfold::topology
