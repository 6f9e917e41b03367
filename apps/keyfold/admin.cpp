// keyfold admin: users and access keys, through the running server's admin socket, or on the data itself when none
// runs.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "keyfold-kms/offline_admin.h"
#include "keyfold/commands.h"
#include "keyfold/core/base/try.h"
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

std::string_view text_of(const JsonValue& object, std::string_view name) {
  const auto value = object.find(name);
  return value && value->is(JsonValue::Kind::text) ? value->text() : std::string_view();
}

// A new file, the owner's alone; one that is there already is not overwritten.
Outcome write_credentials(const std::string& path, const JsonValue& reply) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return Error{ErrorCode::io,
                 path + ": " + std::strerror(errno) + "; the new access key was made and is lost: remove it"};
  std::string text = "[default]\naws_access_key_id = " + std::string(text_of(reply, "access_key_id")) +
                     "\naws_secret_access_key = " + std::string(text_of(reply, "secret_access_key")) + "\n";
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  wipe(text);
  ::close(fd);
  if (!written) return Error{ErrorCode::io, path + ": cannot write the new access key"};
  return ok();
}

}  // namespace

Outcome run(const AdminCommand& command) {
  // Before anything is made, not after.
  if (!command.credentials_file.empty() && access(command.credentials_file.c_str(), F_OK) == 0)
    return Error{ErrorCode::io, command.credentials_file + " is there already; it is not overwritten"};
  TRY_ASSIGN(auto line, ask(command));
  protocol::JsonReader reader;
  const auto reply = reader.parse(line);
  if (!reply || !reply->is(JsonValue::Kind::object)) return Error{ErrorCode::io, "the server's answer cannot be read"};
  const auto succeeded = reply->find("ok");
  if (!succeeded || !succeeded->is(JsonValue::Kind::boolean) || !succeeded->boolean())
    return Error{ErrorCode::invalid_input, std::string(text_of(*reply, "error"))};
  Outcome outcome = ok();
  if (!command.credentials_file.empty() && !text_of(*reply, "secret_access_key").empty()) {
    outcome = write_credentials(command.credentials_file, *reply);
    if (outcome) std::printf("%s\n", std::string(text_of(*reply, "arn")).c_str());
  } else {
    std::printf("%s\n", line.c_str());
  }
  reader.wipe();
  wipe(line);
  return outcome;
}

}  // namespace keyfold::cli
