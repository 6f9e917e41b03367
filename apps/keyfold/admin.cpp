// keyfold admin: users and access keys, through the running server's admin socket, or on the data itself when none
// runs.

#include "keyfold-kms/credentials_file.h"
#include "keyfold-kms/offline_admin.h"
#include "keyfold-kms/signals_blocked.h"
#include "keyfold/commands.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/base/wiping.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/files.h"
#include "keyfold/kms/server/admin_socket.h"

namespace keyfold::cli {
namespace {

using protocol::JsonValue;

std::string request_of(const AdminCommand& command) {
  std::string line;
  protocol::JsonWriter json(line);
  json.begin_object().text("command", command.command);
  if (!command.account.empty()) json.text("account", command.account);
  if (!command.user.empty()) json.text("user", command.user);
  if (!command.access_key_id.empty()) json.text("access_key_id", command.access_key_id);
  if (command.administrator) json.boolean("administrator", true);
  json.end_object();
  return line;
}

Result<vault::RootKeySource> root_key_of(const AdminCommand& command) {
  if (!command.root_key.empty()) return vault::RootKeySource(vault::RootKeyFile{command.root_key});
  if (command.passphrase_file.empty())
    return Error{ErrorCode::invalid_input,
                 "no server runs on " + command.data + "; to work on it offline give --root-key or --passphrase-file"};
  TRY_ASSIGN(auto passphrase, vault::read_passphrase_file(command.passphrase_file));
  return vault::RootKeySource(vault::RootPassphrase{.text = std::move(passphrase), .scrypt = {}});
}

Result<std::string> ask_offline(const AdminCommand& command, std::string_view request) {
  TRY_ASSIGN(auto root_key, root_key_of(command));
  std::vector<AccountId> accounts;
  if (!command.account.empty()) {
    auto account = AccountId::parse(command.account);
    if (!account) return Error{ErrorCode::invalid_input, "--account takes 12 digits"};
    accounts.push_back(*account);
  }
  return app::run_admin({.data = command.data, .root_key = std::move(root_key), .accounts = std::move(accounts)},
                        request);
}

Result<std::string> ask(const AdminCommand& command) {
  const std::string request = request_of(command);
  if (command.command == "reset-root") return ask_offline(command, request);
  auto reply = server::ask_admin_socket(std::filesystem::path(command.data) / "admin.sock", request);
  if (reply || reply.error().code != ErrorCode::unavailable) return reply;
  return ask_offline(command, request);
}

// To standard output without passing through the buffer of <cstdio>, which nobody wipes.
Outcome print(std::string_view line) {
  TRY_ASSIGN(auto out, OutputFile::create("-"));
  TRY(out.write(as_bytes(line)));
  TRY(out.write(as_bytes("\n")));
  return out.commit();
}

// Hands the reply over to whoever asked; a secret goes to `file`, if there is one. Says so when that is lost.
Outcome deliver(const JsonValue& reply, std::string_view line, std::optional<app::CredentialsFile>& file) {
  const auto id = reply.text_of("access_key_id");
  const auto secret = reply.text_of("secret_access_key");
  if (secret.empty()) return print(line);
  const auto handed_over = file ? file->write(id, secret) : print(line);
  if (!handed_over)
    return Error{handed_over.error().code, handed_over.error().message + "; the access key " + std::string(id) +
                                               " was made and nobody has its secret: remove it and make another"};
  if (!file) return ok();
  file->keep();
  return print(reply.text_of("arn"));
}

}  // namespace

Outcome run(const AdminCommand& command) {
  std::optional<app::CredentialsFile> file;
  if (!command.credentials_file.empty()) {
    TRY_ASSIGN(auto made, app::CredentialsFile::create(command.credentials_file));
    file.emplace(std::move(made));
  }
  // Once it is asked for, the key may have been made: whoever interrupts now still gets its secret. Not for longer than
  // a server has to answer.
  std::optional<app::SignalsBlocked> until_kept;
  if (file) until_kept.emplace();
  TRY_ASSIGN(auto line, ask(command));
  const WipeAtEnd wiped(line);
  protocol::JsonReader reader;
  const auto reply = reader.parse(line, server::admin_reply_max);
  if (!reply || !reply->is(JsonValue::Kind::object)) return Error{ErrorCode::io, "the server's answer cannot be read"};
  const auto succeeded = reply->find("ok");
  if (!succeeded || !succeeded->is(JsonValue::Kind::boolean) || !succeeded->boolean())
    return Error{ErrorCode::invalid_input, std::string(reply->text_of("error"))};
  return deliver(*reply, line, file);
}

}  // namespace keyfold::cli
