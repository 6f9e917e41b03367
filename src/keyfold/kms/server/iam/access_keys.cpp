#include "keyfold/kms/server/iam/kinds.h"
#include "keyfold/kms/server/iam/shapes.h"

namespace keyfold::server {
namespace {

std::string_view name_or_root(const std::optional<identity::UserName>& user) {
  return user ? user->text() : std::string_view("root");
}

}  // namespace

template <>
Outcome run<IamOperation::create_access_key>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto user, call.user_or_caller());
  TRY_ASSIGN(const auto key, identity::make_access_key(call.random()));
  call.note_response("accessKeyId", key.id.text());
  call.note_response("userName", name_or_root(user));
  call.note_response("status", "Active");
  const Timestamp now = call.now();
  TRY(call.change(std::move(permit), [&](Edit& edit) { return add_key(edit, call.account(), user, key, now); }));
  call.reserve_secret();
  call.xml()
      .open("AccessKey")
      .text("UserName", name_or_root(user))
      .text("AccessKeyId", key.id.text())
      .text("Status", "Active")
      .text("SecretAccessKey", as_text(key.secret.reveal()))
      .time("CreateDate", now)
      .close("AccessKey");
  return ok();
}

template <>
Outcome run<IamOperation::list_access_keys>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto user, call.user_or_caller());
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  if (user) TRY(need(*snapshot, call.account(), *user));
  std::vector<std::pair<std::string, identity::AccessKey>> keys;
  for (const auto* entry : snapshot->keys_of(call.account(), user))
    keys.emplace_back(std::string(entry->key.id.text()), entry->key);
  return call.page("AccessKeyMetadata", std::move(keys), [](protocol::XmlWriter& xml, const identity::AccessKey& key) {
    xml.text("UserName", name_or_root(key.user))
        .text("AccessKeyId", key.id.text())
        .text("Status", status_of(key.status))
        .time("CreateDate", key.created);
  });
}

template <>
Outcome run<IamOperation::update_access_key>(IamCall& call, ActionPermit permit) {
  using identity::KeyStatus;
  TRY_ASSIGN(const auto user, call.user_or_caller());
  TRY_ASSIGN(const auto id, call.name<AccessKeyId>("AccessKeyId"));
  TRY_ASSIGN(const auto status, call.need("Status"));
  if (status != "Active" && status != "Inactive") return IamCall::malformed("Status", status);
  return call.change(std::move(permit), [&](Edit& edit) -> Outcome {
    if (user) TRY(need(edit.snapshot(), call.account(), *user));
    TRY(key_is_of(edit.snapshot(), call.account(), user, id));
    return set_key_status(edit, call.account(), id, status == "Active" ? KeyStatus::active : KeyStatus::inactive);
  });
}

template <>
Outcome run<IamOperation::delete_access_key>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto user, call.user_or_caller());
  TRY_ASSIGN(const auto id, call.name<AccessKeyId>("AccessKeyId"));
  return call.change(std::move(permit), [&](Edit& edit) -> Outcome {
    if (user) TRY(need(edit.snapshot(), call.account(), *user));
    TRY(key_is_of(edit.snapshot(), call.account(), user, id));
    return remove_key(edit, call.account(), id);
  });
}

template <>
Outcome run<IamOperation::get_access_key_last_used>(IamCall& call, ActionPermit permit) {
  TRY_ASSIGN(const auto id, call.name<AccessKeyId>("AccessKeyId"));
  TRY_ASSIGN(const auto snapshot, call.look(std::move(permit)));
  const auto* entry = snapshot->find(call.account(), id);
  if (entry == nullptr)
    return Error{ErrorCode::not_found, "The Access Key with id " + std::string(id.text()) + " cannot be found."};
  const auto use = entry->last_used->get();
  call.xml().text("UserName", name_or_root(entry->key.user)).open("AccessKeyLastUsed");
  if (use) call.xml().time("LastUsedDate", use->time);
  call.xml()
      .text("ServiceName", use ? use->service.view() : std::string_view("N/A"))
      .text("Region", use ? use->region.text() : std::string_view("N/A"))
      .close("AccessKeyLastUsed");
  return ok();
}

}  // namespace keyfold::server
