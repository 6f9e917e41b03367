#pragma once
// Entitlements: what a principal's policies allow him and what is said of him, resolved once, so that a request only
// looks. Immutable, so it may be shared between threads.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "keyfold/kms/identity/entities.h"
#include "keyfold/kms/policy/document.h"
#include "keyfold/kms/policy/request.h"

namespace keyfold::identity {

// Condition values, with the texts that they are views of.
class OwnedFacts {
 public:
  OwnedFacts() = default;
  OwnedFacts(const OwnedFacts&) = delete;
  OwnedFacts& operator=(const OwnedFacts&) = delete;
  void add(std::string key, std::string value);
  std::span<const policy::ConditionValue> view() const { return all_; }

 private:
  std::deque<std::string> texts_;
  std::deque<std::string_view> values_;
  std::vector<policy::ConditionValue> all_;
};

struct Entitlements {
  std::vector<std::shared_ptr<const policy::Document>> documents;  // What the others point to.
  std::vector<const policy::Document*> identity;
  std::vector<std::string> identity_names;  // Of each: an inline policy's name, a managed one's ARN.
  std::vector<const policy::Document*> boundary;
  std::vector<const policy::Document*> session;
  OwnedFacts facts;  // "aws:userid", "aws:PrincipalTag/team", …; of a role its tags alone, sessions have more.
};

struct Snapshot;

// Compiles policies, each text once for all that have it. Not safe to use from several threads at once.
class Compiler {
 public:
  Result<std::shared_ptr<const policy::Document>> compile(const std::string& text, policy::PolicyKind kind);

 private:
  std::map<std::pair<policy::PolicyKind, std::string>, std::weak_ptr<const policy::Document>> documents_;
  std::size_t tidy_at_ = 64;  // How many there may be before those that nobody has any more are let go.
};

// What is in force for them in `snapshot`. Fails when a policy does not compile, or is not there.
Result<std::shared_ptr<const Entitlements>> resolve(Compiler& compiler, const Snapshot& snapshot, const User& user);
Result<std::shared_ptr<const Entitlements>> resolve(Compiler& compiler, const Snapshot& snapshot, const Role& role);

}  // namespace keyfold::identity
