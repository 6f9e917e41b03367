#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/access_requests.h"
#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/kms/server/access/lint.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {
namespace {

constexpr std::size_t page_usual = 20;  // Keys: everybody is asked for each.

void append(protocol::JsonWriter& json, const std::vector<access::PlacedFinding>& findings) {
  for (const auto& [where, policy_name, finding] : findings) {
    json.begin_object()
        .text("Rule", finding.rule)
        .text("Severity", finding.severity == policy::Severity::error ? "error" : "warning")
        .text("Where", where);
    if (!policy_name.empty()) json.text("PolicyName", policy_name);
    if (!finding.statement.empty()) json.text("Statement", finding.statement);
    json.text("Text", finding.text).end_object();
  }
}

}  // namespace

// The first page has what users, groups, roles and policies of the account say; then keys, a page after another.
template <>
Outcome run<Operation::lint_access>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::LintAccessRequest>());
  TRY(call.authorize<op::LintAccess>());
  const auto limit = static_cast<std::size_t>(request.limit.value_or(page_usual));
  TRY_ASSIGN(const auto page, call.keys().list_keys(call.place(), limit, request.marker.value_or("")));
  const auto identities = call.identities();
  protocol::JsonWriter json(call.reply());
  json.begin_object().name("Findings").begin_array();
  if (!request.marker) append(json, access::lint_identities(*identities, call.place().account));
  for (const auto& arn : page.items) {
    const auto found = call.keys().find_key(call.place(), arn.text());
    if (found)  // Else it has been destroyed since.
      append(json, access::lint_key(*identities, call.keys(), found->key, call.clock().now()));
  }
  json.end_array();
  if (!page.next_marker.empty()) json.text("NextMarker", page.next_marker);
  json.boolean("Truncated", !page.next_marker.empty()).end_object();
  return ok();
}

}  // namespace keyfold::server
