#include "keyfold/kms/identity/entitlements.h"

#include "keyfold/core/base/try.h"
#include "keyfold/kms/identity/snapshot.h"

namespace keyfold::identity {
namespace {

using policy::PolicyKind;

class Resolver {
 public:
  Resolver(Compiler& compiler, const Snapshot& snapshot) : compiler_(compiler), snapshot_(snapshot) {}

  Outcome add(const Policies& policies) {
    for (const auto& [name, text] : policies.inlined) {
      TRY(add(text, PolicyKind::identity, made_->identity));
      made_->identity_names.push_back(name);
    }
    for (const auto& arn : policies.attached) {
      TRY(add_managed(arn, PolicyKind::identity, made_->identity));
      made_->identity_names.push_back(arn);
    }
    return ok();
  }
  Outcome add_boundary(const std::optional<std::string>& arn) {
    return arn ? add_managed(*arn, PolicyKind::boundary, made_->boundary) : ok();
  }
  void add_tags(const std::vector<Tag>& tags) {
    for (const auto& tag : tags) made_->facts.add("aws:PrincipalTag/" + tag.key, tag.value);
  }
  OwnedFacts& facts() { return made_->facts; }
  std::shared_ptr<const Entitlements> made() { return made_; }

 private:
  Outcome add(const std::string& text, PolicyKind kind, std::vector<const policy::Document*>& to) {
    TRY_ASSIGN(auto document, compiler_.compile(text, kind));
    to.push_back(document.get());
    made_->documents.push_back(std::move(document));
    return ok();
  }
  Outcome add_managed(const std::string& arn, PolicyKind kind, std::vector<const policy::Document*>& to) {
    const auto* policy = snapshot_.find_policy(arn);
    if (policy == nullptr) return Error{ErrorCode::corrupt, "there is no policy " + arn + ", though it is attached"};
    return add(policy->policy.text(), kind, to);
  }
  Compiler& compiler_;
  const Snapshot& snapshot_;
  std::shared_ptr<Entitlements> made_ = std::make_shared<Entitlements>();
};

}  // namespace

void OwnedFacts::add(std::string key, std::string value) {
  const std::string_view name = texts_.emplace_back(std::move(key));
  const std::string_view& text = values_.emplace_back(texts_.emplace_back(std::move(value)));
  all_.push_back({.key = name, .values = policy::Values(&text, 1)});
}

Result<std::shared_ptr<const policy::Document>> Compiler::compile(const std::string& text, PolicyKind kind) {
  const std::pair key(kind, text);
  if (const auto known = documents_.find(key); known != documents_.end())
    if (auto document = known->second.lock()) return document;
  TRY_ASSIGN(auto parsed, policy::Document::parse(text, kind));
  auto document = std::make_shared<const policy::Document>(std::move(parsed));
  if (documents_.size() >= tidy_at_) {
    std::erase_if(documents_, [](const auto& known) { return known.second.expired(); });
    tidy_at_ = 2 * documents_.size() + 64;
  }
  documents_[key] = document;
  return document;
}

Result<std::shared_ptr<const Entitlements>> resolve(Compiler& compiler, const Snapshot& snapshot, const User& user) {
  Resolver resolver(compiler, snapshot);
  TRY(resolver.add(user.policies));
  for (const auto& name : user.groups) {
    const auto* group = snapshot.find(user.account, name);
    if (group == nullptr)
      return Error{ErrorCode::corrupt, "there is no group " + std::string(name.text()) + ", though it has members"};
    TRY(resolver.add(group->group.policies));
  }
  TRY(resolver.add_boundary(user.boundary));
  resolver.facts().add("aws:userid", std::string(user.id.text()));
  resolver.add_tags(user.tags);
  return resolver.made();
}

Result<std::shared_ptr<const Entitlements>> resolve(Compiler& compiler, const Snapshot& snapshot, const Role& role) {
  Resolver resolver(compiler, snapshot);
  TRY(resolver.add(role.policies));
  TRY(resolver.add_boundary(role.boundary));
  resolver.add_tags(role.tags);
  return resolver.made();
}

}  // namespace keyfold::identity
