#pragma once
// The requests of our own operations ("X-Amz-Target: Keyfold.WhoCan"), decoded as those of the KMS API are:
// docs/access.md.

#include "keyfold/core/protocol/request_reader.h"

namespace keyfold::protocol {

struct WhoCanRequest {
  std::string_view action{};
  std::string_view key_id{};
  std::optional<ContextView> assumed_context{};  // None: whatever it may be. An empty one is a context.
  Integer limit{};
  Text marker{};
};

struct ExplainAccessRequest {
  std::string_view principal{};
  std::string_view action{};
  std::string_view key_id{};
  std::optional<ContextView> assumed_context{};
  ContextView conditions{};  // Condition keys of the call, and their values: one each.
};

struct LintAccessRequest {
  Integer limit{};  // Keys.
  Text marker{};
};

template <>
Result<WhoCanRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<ExplainAccessRequest> RequestReader::decode(const JsonValue& object);
template <>
Result<LintAccessRequest> RequestReader::decode(const JsonValue& object);

}  // namespace keyfold::protocol
