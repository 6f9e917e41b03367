#include "keyfold/kms/server/access/lint.h"

#include <algorithm>
#include <map>

#include "keyfold/kms/server/access/judge.h"
#include "keyfold/kms/server/access/subjects.h"

namespace keyfold::server::access {
namespace {

using identity::Snapshot;
using policy::Severity;
using policy::Verdict;

// Of one place and rule there may be thousands: the first few say what to do.
constexpr std::size_t alike_max = 20;

class Findings {
 public:
  explicit Findings(const AccountId& account) : account_(account) {}

  void add(std::string_view where, std::string_view rule, Severity severity, std::string text) {
    add({.where = std::string(where),
         .policy_name = {},
         .finding = {.rule = rule, .severity = severity, .statement = {}, .text = std::move(text)}});
  }
  void add(std::string_view where, std::string_view policy_name, const policy::Document& document) {
    for (auto& finding : policy::lint(document, account_))
      add({.where = std::string(where), .policy_name = std::string(policy_name), .finding = std::move(finding)});
  }
  // What does not parse is in nobody's way: it is not in force.
  void add(std::string_view where, std::string_view policy_name, const std::string& text, policy::PolicyKind kind) {
    if (const auto document = policy::Document::parse(text, kind)) add(where, policy_name, *document);
  }
  void add_inlined(std::string_view where, const identity::Policies& policies) {
    for (const auto& [name, text] : policies.inlined) add(where, name, text, policy::PolicyKind::identity);
  }
  std::vector<PlacedFinding> take() {
    for (const auto& [alike, count] : counts_)
      if (count.number > alike_max)
        keep({.where = alike.first,
              .policy_name = {},
              .finding = {.rule = alike.second,
                          .severity = count.severity,
                          .statement = {},
                          .text = "And " + std::to_string(count.number - alike_max) + " more of this rule."}});
    std::vector<PlacedFinding> all;
    all.reserve(by_place_.size());
    for (auto& [where, finding] : by_place_) all.push_back(std::move(finding));
    return all;
  }

 private:
  struct Count {
    std::size_t number = 0;
    Severity severity = Severity::warning;
  };
  void add(PlacedFinding finding) {
    auto& count = counts_[{finding.where, finding.finding.rule}];
    count.severity = finding.finding.severity;
    if (++count.number <= alike_max) keep(std::move(finding));
  }
  void keep(PlacedFinding finding) {
    const std::string where = finding.where;
    by_place_.emplace(where, std::move(finding));
  }

  const AccountId& account_;
  std::multimap<std::string, PlacedFinding> by_place_;  // Of one place in the order of their finding.
  std::map<std::pair<std::string, std::string_view>, Count> counts_;
};

// Who may do these things, for certain or on conditions.
class Asking {
 public:
  Asking(const keys::Keys& keys, const keys::Keys::Record& key, Timestamp now)
      : put_policy_(keys, key, question(policy::op::PutKeyPolicy::action, now)),
        delete_(keys, key, question(policy::op::ScheduleKeyDeletion::action, now)),
        decrypt_(keys, key, question(policy::op::Decrypt::action, now)),
        re_encrypt_(keys, key, question(policy::op::ReEncryptFrom::action, now)) {}

  bool puts_policy(const Subject& subject) const { return may(put_policy_, subject); }
  bool administers(const Subject& subject) const { return puts_policy(subject) || may(delete_, subject); }
  bool decrypts(const Subject& subject) const { return may(decrypt_, subject) || may(re_encrypt_, subject); }

 private:
  static Question question(std::string_view action, Timestamp now) {
    return {.action = *key_action(action), .context = {}, .conditions = {}, .now = now};
  }
  static bool may(const Judge& judge, const Subject& subject) { return judge.verdict(subject) != Verdict::deny; }
  const Judge put_policy_, delete_, decrypt_, re_encrypt_;
};

void look_at_access(Findings& findings, const std::vector<Subject>& subjects, const std::vector<Subject>& others,
                    const Asking& asking, const keys::KeyRecord& key) {
  const auto puts_policy = [&](const Subject& subject) { return asking.puts_policy(subject); };
  if (std::ranges::none_of(subjects, puts_policy) && std::ranges::none_of(others, puts_policy))
    findings.add(key.arn.text(), rule::locked_out, Severity::error,
                 "Nobody may put the key's policy any more, the account's root included.");
  for (const auto& subject : subjects) {
    if (subject.kind != SubjectKind::root && asking.administers(subject) && asking.decrypts(subject))
      findings.add(key.arn.text(), rule::administrator_decrypts, Severity::error,
                   subject.arn + " administers the key, and may also decrypt with it.");
  }
}

// Whether somebody there is may retire it by what it says itself.
bool can_be_retired(const Snapshot& snapshot, const AccountId& account, const keys::NewGrant& grant) {
  if (!grant.retiring.empty() && subject_of(snapshot, account, grant.retiring)) return true;
  return grant.operations.has(policy::GrantOperation::retire_grant) && subject_of(snapshot, account, grant.grantee);
}

void look_at_grants(Findings& findings, const Snapshot& snapshot, const keys::Keys& keys, const keys::KeyRecord& key) {
  for (const auto& grant : keys.grants_on(key.arn)) {
    const std::string name = "The grant " + std::string(grant->id().text());
    const auto& what = grant->what();
    if (!subject_of(snapshot, key.place.account, what.grantee))
      findings.add(key.arn.text(), rule::unknown_principal, Severity::warning,
                   name + " is " + what.grantee + "'s, whom there is not.");
    if (!can_be_retired(snapshot, key.place.account, what))
      findings.add(key.arn.text(), rule::nobody_retires, Severity::warning,
                   name + " has nobody to retire it, so it stays until it is revoked.");
  }
}

void look_at_names(Findings& findings, const Snapshot& snapshot, const keys::KeyRecord& key) {
  for (const auto& statement : key.policy->document.statements())
    for (const auto& principal : statement.principals)
      if (principal.kind == policy::PrincipalPattern::Kind::arn &&
          !subject_of(snapshot, key.place.account, principal.text))
        findings.add(key.arn.text(), rule::unknown_principal, Severity::warning,
                     "The statement \"" + statement.label + "\" names " + principal.text + ", whom there is not.");
}

}  // namespace

std::vector<PlacedFinding> lint_identities(const Snapshot& snapshot, const AccountId& account) {
  Findings findings(account);
  Snapshot::each_in(snapshot.users, account, [&](const identity::UserEntry& entry) {
    findings.add_inlined(entry.user.arn().text(), entry.user.policies);
  });
  Snapshot::each_in(snapshot.groups, account, [&](const identity::GroupEntry& entry) {
    findings.add_inlined(entry.group.arn(), entry.group.policies);
  });
  Snapshot::each_in(snapshot.roles, account, [&](const identity::RoleEntry& entry) {
    const auto arn = entry.role.arn();
    findings.add(arn.text(), "", *entry.trust);
    findings.add_inlined(arn.text(), entry.role.policies);
  });
  Snapshot::each_in(snapshot.policies, account, [&](const identity::PolicyEntry& entry) {
    findings.add(entry.policy.arn(), "", entry.policy.text(), policy::PolicyKind::identity);
  });
  return findings.take();
}

std::vector<PlacedFinding> lint_key(const Snapshot& snapshot, const std::vector<Subject>& everybody,
                                    const keys::Keys& keys, const keys::Keys::Record& key, Timestamp now) {
  Findings findings(key->place.account);
  findings.add(key->arn.text(), "", key->policy->document);
  look_at_names(findings, snapshot, *key);
  look_at_grants(findings, snapshot, keys, *key);
  look_at_access(findings, everybody, others_of(snapshot, keys, *key), Asking(keys, key, now), *key);
  return findings.take();
}

}  // namespace keyfold::server::access
