#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/access_requests.h"
#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/kms/server/access/lint.h"
#include "keyfold/kms/server/access/subjects.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {
namespace {

constexpr std::size_t page_usual = 100;  // Keys.
// A page ends where one of these is passed, so that it takes no more of the server than other calls do: about a tenth
// of a second.
constexpr std::size_t findings_max = 500;
constexpr std::size_t judgements_max = 50'000;

// What lint has seen, as its marker has it: identities first, by ARN, then keys.
struct Progress {
  bool identities_done = false;
  std::string after;  // The last ARN; or the marker of the list of keys.
};
constexpr std::string_view of_identities = "identities ", of_keys = "keys ";

Result<Progress> read_progress(std::string_view list, std::string_view marker) {
  TRY_ASSIGN(const std::string text, keys::read_marker(list, marker));
  if (text.empty()) return Progress();
  if (text.starts_with(of_identities)) return Progress{.after = text.substr(of_identities.size())};
  return Progress{.identities_done = true, .after = text.substr(std::min(text.size(), of_keys.size()))};
}

void append(protocol::JsonWriter& json, const access::PlacedFinding& placed) {
  const auto& [where, policy_name, finding] = placed;
  json.begin_object()
      .text("Rule", finding.rule)
      .text("Severity", finding.severity == policy::Severity::error ? "error" : "warning")
      .text("Where", where);
  if (!policy_name.empty()) json.text("PolicyName", policy_name);
  if (!finding.statement.empty()) json.text("Statement", finding.statement);
  json.text("Text", finding.text).end_object();
}

class Page {
 public:
  Page(Call& call, std::size_t keys_max)
      : call_(call), keys_max_(keys_max), identities_(call.identities()), json_(call.reply()) {
    json_.begin_object().name("Findings").begin_array();
  }

  // Of users, groups, roles and policies of the account: each place whole. Whether that was all.
  bool add_identities(Progress& progress) {
    const auto findings = access::lint_identities(*identities_, call_.place().account);
    for (std::size_t i = 0; i < findings.size(); ++i) {
      if (!progress.after.empty() && findings[i].where <= progress.after) continue;
      if (i > 0 && is_full() && findings[i].where != findings[i - 1].where) {
        progress.after = findings[i - 1].where;
        return false;
      }
      append(json_, findings[i]);
      ++findings_;
    }
    progress = {.identities_done = true, .after = {}};
    return true;
  }
  Outcome add_keys(Progress& progress) {
    const auto everybody = access::everybody(*identities_, call_.place().account);
    do {
      TRY_ASSIGN(const auto page, call_.keys().list_keys(call_.place(), 1, progress.after));
      for (const auto& arn : page.items) {
        const auto found = call_.keys().find_key(call_.place(), arn.text());
        if (!found) continue;  // It has been destroyed since.
        for (const auto& finding :
             access::lint_key(*identities_, everybody, call_.keys(), found->key, call_.clock().now())) {
          append(json_, finding);
          ++findings_;
        }
        judgements_ += everybody.size() * access::questions_of_lint;
      }
      progress.after = page.next_marker;
      ++keys_;
    } while (!progress.after.empty() && keys_ < keys_max_ && !is_full());
    return ok();
  }
  void end(std::string_view list, const Progress& progress) {
    const bool all = progress.identities_done && progress.after.empty();
    json_.end_array();
    if (!all)
      json_.text("NextMarker", keys::make_marker(list, std::string(progress.identities_done ? of_keys : of_identities) +
                                                           progress.after));
    json_.boolean("Truncated", !all).end_object();
  }

 private:
  bool is_full() const { return findings_ >= findings_max || judgements_ >= judgements_max; }

  Call& call_;
  const std::size_t keys_max_;
  const std::shared_ptr<const identity::Snapshot> identities_;
  protocol::JsonWriter json_;
  std::size_t findings_ = 0, judgements_ = 0, keys_ = 0;
};

}  // namespace

template <>
Outcome run<Operation::lint_access>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::LintAccessRequest>());
  TRY(call.authorize<op::LintAccess>());
  const auto& place = call.place();
  const std::string list = "lint " + std::string(place.account.text()) + " " + std::string(place.region.text());
  TRY_ASSIGN(auto progress, read_progress(list, request.marker.value_or("")));
  Page page(call, static_cast<std::size_t>(request.limit.value_or(page_usual)));
  if (progress.identities_done || page.add_identities(progress)) TRY(page.add_keys(progress));
  page.end(list, progress);
  return ok();
}

}  // namespace keyfold::server
