#include "keyfold-kms/first_start.h"

#include "keyfold-kms/credentials_file.h"
#include "keyfold/core/base/try.h"
#include "keyfold/kms/audit/event.h"

namespace keyfold::app {
namespace {

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
  auto file = CredentialsFile::create(credentials);
  // It may be another server's; or this one's, killed before what it says came into force.
  if (!file && file.error().code == ErrorCode::already_exists)
    return Error{ErrorCode::already_exists,
                 file.error().message + "; the store has no access key yet: remove or move this file and start again"};
  if (!file) return std::move(file).error();
  TRY(file->write(key.id.text(), as_text(key.secret.reveal())));
  const auto event = event_of(account, key, world);
  TRY(data.callers().add_access_key(account, std::nullopt, key, &event));
  file->keep();
  world.log.info("the root's first access key is in a file of its own", {{"file", credentials.native()}});
  return data.audit().drain(data.outbox());
}

}  // namespace keyfold::app
