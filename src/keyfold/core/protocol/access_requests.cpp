#include "keyfold/core/protocol/access_requests.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/members.h"

namespace keyfold::protocol {
namespace {

constexpr TextLimits action_limits{.min = 1, .max = 128};
constexpr TextLimits principal_limits{.min = 1, .max = 2048};

Integer limit(Members& in) { return in.integer("Limit", 1, 1000); }
Text marker(Members& in) { return in.text("Marker", {.min = 1, .max = 4096, .pattern = &marker_pattern}); }

std::optional<ContextView> context(Members& in, std::vector<ContextPair>& scratch) {
  if (!in.has("EncryptionContext")) return std::nullopt;
  return in.context("EncryptionContext", scratch);
}

}  // namespace

template <>
Result<WhoCanRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  WhoCanRequest request;
  request.action = in.required_text("Action", action_limits);
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.assumed_context = context(in, scratch_.context);
  request.limit = limit(in);
  request.marker = marker(in);
  TRY(in.finish());
  return request;
}

template <>
Result<ExplainAccessRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  ExplainAccessRequest request;
  request.principal = in.required_text("Principal", principal_limits);
  request.action = in.required_text("Action", action_limits);
  request.key_id = in.required_text("KeyId", key_id_limits);
  request.assumed_context = context(in, scratch_.context);
  request.conditions = in.context("Conditions", scratch_.second_context);
  TRY(in.finish());
  return request;
}

template <>
Result<LintAccessRequest> RequestReader::decode(const JsonValue& object) {
  Members in(object);
  LintAccessRequest request;
  request.limit = limit(in);
  request.marker = marker(in);
  TRY(in.finish());
  return request;
}

}  // namespace keyfold::protocol
