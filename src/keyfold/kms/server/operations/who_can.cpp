#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/access_requests.h"
#include "keyfold/kms/server/access/describe.h"
#include "keyfold/kms/server/access/subjects.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {
namespace {

constexpr std::size_t page_usual = 100;

policy::Attribute<ContextView> as_attribute(const std::optional<ContextView>& context) {
  return context ? policy::Attribute<ContextView>(*context) : policy::Attribute<ContextView>();
}

// Whoever may, or may under conditions, behind the one called `after`; at most `limit`.
struct Found {
  std::vector<std::pair<access::Subject, access::Judgement>> entries;
  bool more = false;
};
Found find(const access::Judge& judge, std::vector<access::Subject> subjects, std::string_view after,
           std::size_t limit) {
  Found found;
  for (auto& subject : subjects) {
    if (!after.empty() && subject.arn <= after) continue;
    if (found.entries.size() == limit) {
      found.more = judge.verdict(subject) != policy::Verdict::deny;
      if (found.more) break;
      continue;
    }
    if (judge.verdict(subject) == policy::Verdict::deny) continue;
    auto judgement = judge.judge(subject);
    found.entries.emplace_back(std::move(subject), std::move(judgement));
  }
  return found;
}

}  // namespace

template <>
Outcome run<Operation::who_can>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::WhoCanRequest>());
  call.record().request.emplace_back("action", request.action);
  TRY(call.authorize<op::WhoCan>());
  TRY_ASSIGN(const auto key, call.find(request.key_id));
  const std::string list = "who can " + std::string(request.action) + " " + std::string(key.key->arn.text());
  TRY_ASSIGN(const auto after, keys::read_marker(list, request.marker.value_or("")));
  const access::Judge judge(call.keys(), key.key,
                            {.action = request.action,
                             .context = as_attribute(request.assumed_context),
                             .conditions = {},
                             .now = call.clock().now()});
  const auto identities = call.identities();
  const auto limit = static_cast<std::size_t>(request.limit.value_or(page_usual));
  const auto found = find(judge, access::subjects_of(*identities, call.keys(), *key.key), after, limit);
  protocol::JsonWriter json(call.reply());
  json.begin_object().text("KeyArn", key.key->arn.text()).text("Action", request.action);
  json.name("Principals").begin_array();
  for (const auto& [subject, judgement] : found.entries) {
    json.begin_object().text("Principal", subject.arn).text("Kind", access::to_text(subject.kind));
    access::append_judgement(json, judgement, subject);
    json.end_object();
  }
  json.end_array();
  if (found.more) json.text("NextMarker", keys::make_marker(list, found.entries.back().first.arn));
  json.boolean("Truncated", found.more).end_object();
  return ok();
}

}  // namespace keyfold::server
