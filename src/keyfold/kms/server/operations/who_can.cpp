#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/access_requests.h"
#include "keyfold/kms/server/access/describe.h"
#include "keyfold/kms/server/access/subjects.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {
namespace {

constexpr std::size_t page_usual = 100;
constexpr std::size_t page_bytes_max = std::size_t{512} << 10;  // A page ends where its reply has grown to this.

// Whoever may, or may under conditions, behind the one called `after`. The last one's ARN, when there are more.
std::string append_principals(protocol::JsonWriter& json, const std::string& reply, const access::Judge& judge,
                              std::span<const access::Subject> people, std::string_view after, std::size_t limit) {
  std::size_t told = 0;
  const access::Subject* last = nullptr;
  for (const auto& subject : people) {
    if (!after.empty() && subject.arn <= after) continue;
    if (judge.verdict(subject) == policy::Verdict::deny) continue;
    if (told == limit || reply.size() > page_bytes_max) return last->arn;
    json.begin_object().text("Principal", subject.arn).text("Kind", access::to_text(subject.kind));
    access::append_judgement(json, judge.judge(subject), subject);
    json.end_object();
    last = &subject;
    ++told;
  }
  return {};
}

}  // namespace

template <>
Outcome run<Operation::who_can>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::WhoCanRequest>());
  call.record().request.emplace_back("action", request.action);
  TRY(call.authorize<op::WhoCan>());
  TRY_ASSIGN(const auto key, call.find(request.key_id));
  TRY_ASSIGN(const auto action, access::key_action(request.action));
  TRY_ASSIGN(const auto context, access::assumed_context(action, request.assumed_context));
  const std::string list = "who can " + std::string(action.name) + " " + std::string(key.key->arn.text());
  TRY_ASSIGN(const auto after, keys::read_marker(list, request.marker.value_or("")));
  const access::Judge judge(call.keys(), key.key,
                            {.action = action, .context = context, .conditions = {}, .now = call.clock().now()});
  const auto identities = call.identities();
  const auto people = access::people_of(*identities, call.keys(), *key.key);
  protocol::JsonWriter json(call.reply());
  json.begin_object();
  access::append_key(json, *key.key, action);
  json.name("Principals").begin_array();
  const auto last = append_principals(json, call.reply(), judge, people, after,
                                      static_cast<std::size_t>(request.limit.value_or(page_usual)));
  json.end_array();
  if (!last.empty()) json.text("NextMarker", keys::make_marker(list, last));
  json.boolean("Truncated", !last.empty()).end_object();
  return ok();
}

}  // namespace keyfold::server
