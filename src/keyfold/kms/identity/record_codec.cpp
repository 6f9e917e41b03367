// Access keys: identity-records.md. Their values are secret.
#include "keyfold/kms/identity/record_codec.h"

#include <algorithm>

#include "keyfold/core/base/try.h"

namespace keyfold::identity {
namespace {

Error corrupt(const vault::RecordName& name) {
  return {ErrorCode::corrupt, "the record " + name.text() + " cannot be read"};
}

std::uint64_t to_number(Timestamp time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }
Timestamp to_time(std::uint64_t number) { return Timestamp(Duration(static_cast<std::int64_t>(number))); }

Outcome check_version(Reader& in) {
  TRY_ASSIGN(const auto version, in.u8());
  if (version != record_format_version) return Error{ErrorCode::invalid_input, "of another version"};
  return ok();
}

struct AccessKeyFields {
  KeyStatus status;
  Timestamp created;
  std::optional<UserName> user;
  BytesView secret;
};

Result<AccessKeyFields> read_access_key_fields(BytesView value) {
  Reader in(value);
  TRY(check_version(in));
  TRY_ASSIGN(const auto status, in.u8());
  if (status != static_cast<std::uint8_t>(KeyStatus::active) &&
      status != static_cast<std::uint8_t>(KeyStatus::inactive))
    return Error{ErrorCode::invalid_input, "of an unknown status"};
  TRY_ASSIGN(const auto created, in.u64());
  TRY_ASSIGN(const auto name, in.sized16());
  std::optional<UserName> user;
  if (!name.empty()) {
    TRY_ASSIGN(user, UserName::parse(as_text(name)));
  }
  TRY_ASSIGN(const auto secret, in.sized16());
  TRY(in.end());
  return AccessKeyFields{
      .status = static_cast<KeyStatus>(status), .created = to_time(created), .user = user, .secret = secret};
}

}  // namespace

vault::RecordName record_name(const AccountId& account, const AccessKeyId& id) {
  return {vault::RecordType::accesskey, account, id.text()};
}

// Written where it stays secret: a Writer's vector would leave copies behind as it grows.
Result<SecretBytes> write_access_key(const AccessKey& key, const SecretBytes& secret) {
  Bytes head;
  Writer writer(head);
  writer.u8(record_format_version);
  writer.u8(static_cast<std::uint8_t>(key.status));
  writer.u64(to_number(key.created));
  writer.sized16(key.user ? as_bytes(key.user->text()) : BytesView{});
  KEYFOLD_CHECK(secret.size() < 65536);
  writer.u16(static_cast<std::uint16_t>(secret.size()));
  TRY_ASSIGN(auto value, SecretBytes::zeroed(head.size() + secret.size()));
  std::ranges::copy(head, value.fill().begin());
  std::ranges::copy(secret.reveal(), value.fill().subspan(head.size()).begin());
  return value;
}

Result<AccessKey> read_access_key(const vault::RecordName& name, const SecretBytes& value) {
  const auto account = AccountId::parse(name.account());
  const auto id = AccessKeyId::parse(name.id());
  const auto fields = read_access_key_fields(value.reveal());
  if (!account || !id || !fields) return corrupt(name);
  return AccessKey{
      .id = *id, .account = *account, .user = fields->user, .status = fields->status, .created = fields->created};
}

Result<SecretBytes> read_secret(const SecretBytes& value) {
  const auto fields = read_access_key_fields(value.reveal());
  if (!fields) return Error{ErrorCode::corrupt, "an access key's record cannot be read"};
  return SecretBytes::copy_of(fields->secret);
}

}  // namespace keyfold::identity
