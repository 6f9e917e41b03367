#include "keyfold/kms/server/admin.h"

#include <array>

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/core/protocol/json_writer.h"

namespace keyfold::server {
namespace {

using protocol::JsonValue;
using protocol::JsonWriter;

constexpr std::size_t reply_secret_room =
    1024;  // Bytes; more than a reply with a secret takes, so that it never grows.

std::string_view status_of(identity::KeyStatus status) {
  return status == identity::KeyStatus::active ? "active" : "inactive";
}

std::string created(const AccountId& account, std::string_view user, const PrincipalArn& arn,
                    const identity::NewAccessKey& key) {
  std::string reply;
  reply.reserve(reply_secret_room);
  JsonWriter json(reply);
  json.begin_object().boolean("ok", true).text("account", account.text());
  if (!user.empty()) json.text("user", user);
  json.text("arn", arn.text())
      .text("access_key_id", key.id.text())
      .text("secret_access_key", as_text(key.secret.reveal()))
      .end_object();
  return reply;
}

}  // namespace

// A command, checked as far as its shape goes.
struct Admin::Command {
  std::string name;
  AccountId account;
  std::optional<identity::UserName> user;
  std::optional<AccessKeyId> access_key;
  bool administrator = false;

  static Result<Command> read(std::string_view line, const std::vector<AccountId>& accounts) {
    protocol::JsonReader json;
    TRY_ASSIGN(const auto object, json.parse(line));
    if (!object.is(JsonValue::Kind::object)) return Error{ErrorCode::invalid_input, "a command is a JSON object"};
    std::string name, account, user, access_key;
    bool administrator = false;
    Outcome shape = ok();
    object.each_member([&](std::string_view member, const JsonValue& value) {
      std::string* text = member == "command"         ? &name
                          : member == "account"       ? &account
                          : member == "user"          ? &user
                          : member == "access_key_id" ? &access_key
                                                      : nullptr;
      if (text != nullptr && value.is(JsonValue::Kind::text)) {
        *text = value.text();
      } else if (member == "administrator" && value.is(JsonValue::Kind::boolean)) {
        administrator = value.boolean();
      } else {
        shape = Error{ErrorCode::invalid_input, "not a member of a command: " + std::string(member)};
      }
    });
    TRY(shape);
    if (account.empty()) {
      if (accounts.size() != 1) return Error{ErrorCode::invalid_input, "there are several accounts: say which"};
      account = accounts.front().text();
    }
    TRY_ASSIGN(const auto account_id, AccountId::parse(account));
    Command command{
        .name = std::move(name), .account = account_id, .user = {}, .access_key = {}, .administrator = administrator};
    if (!user.empty()) {
      TRY_ASSIGN(command.user, identity::UserName::parse(user));
    }
    if (!access_key.empty()) {
      TRY_ASSIGN(command.access_key, AccessKeyId::parse(access_key));
    }
    return command;
  }
};

std::string Admin::execute(std::string_view line, const Administrator& by) {
  auto command = Command::read(line, accounts_);
  auto reply = command ? perform(*command, by) : Result<std::string>(std::move(command).error());
  if (reply) return *std::move(reply);
  std::string failure;
  JsonWriter(failure).begin_object().boolean("ok", false).text("error", reply.error().message).end_object();
  return failure;
}

Result<std::string> Admin::perform(const Command& command, const Administrator& by) {
  const std::string_view name = command.name;
  std::string done = "{\"ok\":true}";
  if (name == "user-list") return list_users(command.account);
  if (name == "key-list") return list_keys(command.account);
  if (name == "user-add") return add_user(command, by);
  if (name == "key-add") return add_key(command, by);
  if (name == "reset-root") return reset_root(command, by);
  if (name == "user-remove") {
    if (!command.user) return Error{ErrorCode::invalid_input, "user-remove wants a user"};
    const auto e = event(command, "DeleteUser", {}, by);
    TRY(directory_.remove_user(command.account, *command.user, &e));
    TRY(record());
    return done;
  }
  if (name == "key-activate" || name == "key-deactivate" || name == "key-remove") {
    if (!command.access_key) return Error{ErrorCode::invalid_input, std::string(name) + " wants an access_key_id"};
    const auto& id = *command.access_key;
    const auto e = event(command, name == "key-remove" ? "DeleteAccessKey" : "UpdateAccessKey", id.text(), by);
    using identity::KeyStatus;
    TRY(name == "key-remove"
            ? directory_.remove_access_key(command.account, id, &e)
            : directory_.set_status(command.account, id,
                                    name == "key-activate" ? KeyStatus::active : KeyStatus::inactive, &e));
    TRY(record());
    return done;
  }
  return Error{ErrorCode::invalid_input, "no such command: " + std::string(name)};
}

Result<std::string> Admin::add_user(const Command& command, const Administrator& by) {
  if (!command.user) return Error{ErrorCode::invalid_input, "user-add wants a user"};
  const auto user =
      identity::make_user(command.account, *command.user,
                          command.administrator ? policy::administrator_policy : std::string_view(), clock_, random_);
  TRY_ASSIGN(const auto key, identity::make_access_key(random_));
  // The log gets the events of one commit in the order of their ids: the user's before the key's.
  auto ids = std::array{random_uuid(random_), random_uuid(random_)};
  if (ids[1].view() < ids[0].view()) std::swap(ids[0], ids[1]);
  const storage::OutboxRecord events[] = {
      event(command, audit::event_name::create_user, {}, by, ids[0].view()),
      event(command, audit::event_name::create_access_key, key.id.text(), by, ids[1].view())};
  TRY(directory_.add_user_with_key(user, key, events));
  TRY(record());
  return created(command.account, command.user->text(), user.arn(), key);
}

Result<std::string> Admin::add_key(const Command& command, const Administrator& by) {
  TRY_ASSIGN(const auto key, identity::make_access_key(random_));
  const auto e = event(command, audit::event_name::create_access_key, key.id.text(), by);
  TRY(directory_.add_access_key(command.account, command.user, key, &e));
  TRY(record());
  const auto arn =
      command.user ? identity::user_arn(command.account, *command.user) : identity::root_arn(command.account);
  return created(command.account, command.user ? command.user->text() : std::string_view(), arn, key);
}

Result<std::string> Admin::reset_root(const Command& command, const Administrator& by) {
  if (by.where != Administrator::Where::offline)
    return Error{ErrorCode::invalid_input, "reset-root works offline only: stop the server, then give the root key"};
  TRY_ASSIGN(const auto key, identity::make_access_key(random_));
  const auto e = event(command, audit::event_name::reset_root, key.id.text(), by);
  TRY(directory_.reset_root(command.account, key, &e));
  TRY(record());
  return created(command.account, {}, identity::root_arn(command.account), key);
}

std::string Admin::list_users(const AccountId& account) const {
  std::string reply;
  JsonWriter json(reply);
  json.begin_object().boolean("ok", true).name("users").begin_array();
  for (const auto& user : directory_.users(account))
    json.begin_object()
        .text("user", user.name.text())
        .text("arn", user.arn().text())
        .text("created", to_iso8601(user.created))
        .boolean("administrator", user.administered_policy() == policy::administrator_policy)
        .end_object();
  json.end_array().end_object();
  return reply;
}

std::string Admin::list_keys(const AccountId& account) const {
  std::string reply;
  JsonWriter json(reply);
  json.begin_object().boolean("ok", true).name("keys").begin_array();
  for (const auto& key : directory_.access_keys(account))
    json.begin_object()
        .text("access_key_id", key.id.text())
        .text("user", key.user ? key.user->text() : std::string_view("root"))
        .text("status", status_of(key.status))
        .text("created", to_iso8601(key.created))
        .end_object();
  json.end_array().end_object();
  return reply;
}

keys::OutboxRecord Admin::event(const Command& command, std::string_view name, std::string_view access_key,
                                const Administrator& by) {
  return event(command, name, access_key, by, random_uuid(random_).view());
}

keys::OutboxRecord Admin::event(const Command& command, std::string_view name, std::string_view access_key,
                                const Administrator& by, std::string_view id) const {
  std::vector<audit::EventField> request;
  // A key that is given by its id may be anybody's; the others are the user's, or the root's.
  if (command.user || !command.access_key)
    request.emplace_back("userName", command.user ? command.user->text() : std::string_view("root"));
  if (!access_key.empty()) request.emplace_back("accessKeyId", access_key);
  if (command.name == "user-add") request.push_back(audit::EventField::boolean("administrator", command.administrator));
  if (command.name == "key-activate") request.emplace_back("status", "active");
  if (command.name == "key-deactivate") request.emplace_back("status", "inactive");
  audit::AuditEvent event;
  event.time = clock_.now();
  event.user.type = "Administrator";
  event.user.user_name = by.name;
  event.name = name;
  event.source_ip = by.where == Administrator::Where::offline ? "offline" : "admin.sock";
  event.request.others = request;
  event.event_id = id;
  event.access = audit::Access::write;
  event.type = audit::EventType::keyfold_admin;
  event.recipient_account = command.account.text();
  std::string leaf;
  audit::encode(event, leaf);
  return {.event_id = std::string(id), .body = to_bytes(leaf)};
}

Outcome Admin::record() { return audit_.drain(outbox_); }

}  // namespace keyfold::server
