#include "keyfold/kms/server/access/subjects.h"

#include <algorithm>
#include <set>
#include <string>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/policy/lint.h"

namespace keyfold::server::access {
namespace {

using identity::Entitlements;
using identity::OwnedFacts;
using identity::RoleEntry;
using identity::Snapshot;
using identity::UserEntry;

constexpr std::string_view tag_session = "sts:TagSession";

// What a subject's views are of.
struct Kept {
  std::shared_ptr<const Entitlements> entitlements;
  OwnedFacts facts;
};

void entitle(Subject& subject, const std::shared_ptr<const Kept>& kept) {
  const Entitlements& of = *kept->entitlements;
  subject.identity = policy::Documents(of.identity);
  subject.boundary = policy::Documents(of.boundary);
  subject.policy_names = of.identity_names;
  subject.keeps = kept;
}

Subject root_of(const AccountId& account) {
  Subject subject;
  subject.kind = SubjectKind::root;
  subject.arn = identity::root_arn(account).text();
  subject.account = account.text();
  subject.identity = policy::Documents();
  subject.boundary = policy::Documents();
  subject.has_all_tags = true;
  return subject;
}

Subject subject_of(const UserEntry& entry) {
  Subject subject;
  subject.kind = SubjectKind::user;
  subject.arn = entry.user.arn().text();
  subject.account = entry.user.account.text();
  auto kept = std::make_shared<Kept>();
  kept->entitlements = entry.entitlements;
  subject.facts = entry.entitlements->facts.view();
  subject.has_all_tags = true;
  entitle(subject, kept);
  return subject;
}

// A session has its role's tags, unless it may bring its own.
Subject subject_of(const RoleEntry& entry) {
  Subject subject;
  subject.kind = SubjectKind::role;
  subject.arn = entry.role.arn().text();
  subject.account = entry.role.account.text();
  auto kept = std::make_shared<Kept>();
  kept->entitlements = entry.entitlements;
  if (!policy::may_allow(*entry.trust, tag_session)) {
    for (const auto& tag : entry.role.tags) kept->facts.add("aws:PrincipalTag/" + tag.key, tag.value);
    subject.has_all_tags = true;
  }
  kept->facts.add("aws:MultiFactorAuthPresent", "false");
  subject.facts = kept->facts.view();
  entitle(subject, kept);
  return subject;
}

// A session of a role that is here: as any session of it, but this one.
void know_role(Subject& subject, const Snapshot& snapshot) {
  const auto resource = split_arn(subject.arn)->resource;
  const auto begin = resource.find('/') + 1;
  const auto name = identity::RoleName::parse(resource.substr(begin, resource.find('/', begin) - begin));
  const auto account = AccountId::parse(subject.account);
  if (!name || !account) return;
  const auto* entry = snapshot.find(*account, *name);
  if (entry == nullptr) return;
  const std::string arn = std::move(subject.arn);
  subject = subject_of(*entry);
  subject.role = std::move(subject.arn);
  subject.arn = arn;
  subject.kind = SubjectKind::session;
}

void sort(std::vector<Subject>& subjects) { std::ranges::sort(subjects, {}, &Subject::arn); }

// The ARNs that a policy names, roots for accounts.
std::set<std::string> named_in(const policy::Document& document) {
  std::set<std::string> arns;
  for (const auto& statement : document.statements())
    for (const auto& principal : statement.principals) {
      if (principal.kind == policy::PrincipalPattern::Kind::arn) arns.insert(principal.text);
      if (principal.kind == policy::PrincipalPattern::Kind::account) {
        if (const auto account = AccountId::parse(principal.text)) arns.emplace(identity::root_arn(*account).text());
      }
    }
  return arns;
}

}  // namespace

std::vector<Subject> everybody(const Snapshot& snapshot, const AccountId& account) {
  std::vector<Subject> subjects = {root_of(account)};
  Snapshot::each_in(snapshot.users, account, [&](const UserEntry& entry) { subjects.push_back(subject_of(entry)); });
  Snapshot::each_in(snapshot.roles, account, [&](const RoleEntry& entry) { subjects.push_back(subject_of(entry)); });
  sort(subjects);
  return subjects;
}

std::vector<Subject> others_of(const Snapshot& snapshot, const keys::Keys& keys, const keys::KeyRecord& key) {
  const AccountId& account = key.place.account;
  auto named = named_in(key.policy->document);
  for (const auto& grant : keys.grants_on(key.arn)) {
    named.insert(grant->what().grantee);
    if (!grant->what().retiring.empty()) named.insert(grant->what().retiring);
  }
  std::vector<Subject> others = {outsider()};
  for (const auto& arn : named) {
    // Whom nobody can be is left out: a user or role of the account that is not there (any more).
    auto subject = access::subject_of(snapshot, account, arn);
    if (subject && (subject->kind == SubjectKind::session || subject->account != account.text()))
      others.push_back(*std::move(subject));
  }
  sort(others);
  return others;
}

std::vector<Subject> people_of(const Snapshot& snapshot, const keys::Keys& keys, const keys::KeyRecord& key) {
  auto people = everybody(snapshot, key.place.account);
  std::ranges::move(others_of(snapshot, keys, key), std::back_inserter(people));
  sort(people);
  return people;
}

Result<Subject> subject_of(const Snapshot& snapshot, const AccountId& account, std::string_view arn) {
  Subject subject = stranger(arn);
  if (subject.kind == SubjectKind::outsider)
    return Error{ErrorCode::validation, "Principal must be the ARN of a user, a role, a role's session or a root."};
  if (subject.account != account.text()) return subject;
  if (subject.kind == SubjectKind::root) return root_of(account);
  if (subject.kind == SubjectKind::session) know_role(subject, snapshot);
  if (const auto* user = snapshot.find_user(arn)) return subject_of(*user);
  if (const auto* role = snapshot.find_role(arn)) return subject_of(*role);
  if (subject.is_known()) return subject;
  return Error{ErrorCode::not_found, "There is no principal " + std::string(arn)};
}

}  // namespace keyfold::server::access
