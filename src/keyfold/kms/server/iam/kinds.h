#pragma once
// What users, groups and roles have in common, for handlers that do the same to each.

#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/iam/iam_call.h"

namespace keyfold::server {

using identity::Edit;
using identity::Group;
using identity::Role;
using identity::Snapshot;
using identity::User;
using policy::ActionPermit;

template <class E>
std::string name_parameter() {  // "UserName"
  return std::string(identity::Kind<E>::capital) + "Name";
}

template <class E>
Result<typename identity::Kind<E>::Name> name_of(const IamCall& call) {
  return call.name<typename identity::Kind<E>::Name>(name_parameter<E>());
}

// The entity that the call is about, as it is.
template <class E>
Result<E> look_at(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto name, name_of<E>(call));
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  return need(*snapshot, call.account(), name);
}

// Those of an account whose path begins as asked, by name.
template <class E, class Entries>
Result<std::vector<std::pair<std::string, const E*>>> select(const IamCall& call, const Entries& entries) {
  TRY_ASSIGN(const auto prefix, call.path_prefix());
  std::vector<std::pair<std::string, const E*>> selected;
  Snapshot::each_in(entries, call.account(), [&](const auto& entry) {
    const E& entity = entity_of(entry);
    if (entity.path.text().starts_with(prefix)) selected.emplace_back(std::string(entity.name.text()), &entity);
  });
  return selected;
}

}  // namespace keyfold::server
