#include "keyfold-kms/first_start.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/audit/event.h"

namespace keyfold::app {
namespace {

Outcome write_new_file(const std::filesystem::path& path, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return Error{errno == EEXIST ? ErrorCode::already_exists : ErrorCode::io,
                 "cannot create " + path.native() + " for the first access key: " + std::strerror(errno)};
  const ssize_t written = write(fd, text.data(), text.size());
  const bool kept = written == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  close(fd);
  if (!kept) {
    unlink(path.c_str());
    return Error{ErrorCode::io, "cannot write " + path.native()};
  }
  return storage::sync_directory(std::filesystem::absolute(path).parent_path());
}

std::string credentials_text(const identity::NewAccessKey& key) {
  std::string text;
  text.reserve(256);  // It holds the secret: it must not grow.
  text.append("[default]\naws_access_key_id = ").append(key.id.text());
  text.append("\naws_secret_access_key = ").append(as_text(key.secret.reveal())).append("\n");
  return text;
}

keys::OutboxRecord event_of(const AccountId& account, const identity::NewAccessKey& key, World world) {
  const auto id = random_uuid(world.random);
  const audit::EventField fields[] = {{"userName", "root"}, {"accessKeyId", key.id.text()}};
  audit::AuditEvent event;
  event.time = world.clock.now();
  event.user.type = "AWSService";
  event.name = audit::event_name::create_access_key;
  event.source_ip = "first start";
  event.request.others = fields;
  event.event_id = id.view();
  event.access = audit::Access::write;
  event.type = audit::EventType::keyfold_admin;
  event.recipient_account = account.text();
  std::string leaf;
  audit::encode(event, leaf);
  return {.event_id = std::string(id.view()), .body = to_bytes(leaf)};
}

}  // namespace

Outcome make_first_access_key(Data& data, const AccountId& account, const std::filesystem::path& credentials,
                              World world) {
  if (!data.empty()) return ok();
  TRY_ASSIGN(const auto key, identity::make_access_key(world.random));
  std::string text = credentials_text(key);
  const auto written = write_new_file(credentials, text);
  wipe(text);
  TRY(written);
  const auto event = event_of(account, key, world);
  if (auto added = data.callers().add_access_key(account, std::nullopt, key, &event); !added) {
    unlink(credentials.c_str());  // It would be nobody's key.
    return added;
  }
  world.log.info("the root's first access key is in a file of its own", {{"file", credentials.native()}});
  return data.audit().drain(data.outbox());
}

}  // namespace keyfold::app
