// What lies inside of sealed records: keys, aliases, grants, witnessed time, users, groups, roles, policies, access
// keys; and what a session token says. Whatever is read is what its writer would have written. And the names that
// requests and records hold: key identifiers, ARNs, ids. The first byte chooses.

#include <cstddef>
#include <cstdint>
#include <span>

#include "keyfold/envelope/keyrings/kms_key_name.h"
#include "keyfold/kms/identity/record_codec.h"
#include "keyfold/kms/identity/session_token.h"
#include "keyfold/kms/keys/identifier.h"
#include "keyfold/kms/keys/record_codec.h"

using namespace keyfold;
using vault::RecordName;
using vault::RecordType;

namespace {

const AccountId& account() {
  static const AccountId id = *AccountId::parse("123456789012");
  return id;
}
const Region& region() {
  static const Region name = *Region::parse("eu-central-1");
  return name;
}

void must_equal(BytesView written, BytesView read) { KEYFOLD_CHECK(std::ranges::equal(written, read)); }

void key(BytesView value) {
  static const RecordName name(RecordType::key, account(), region(), "1234abcd-12ab-34cd-56ef-1234567890ab");
  auto stored = keys::read_key(name, 7, value);
  if (!stored) return;
  static const auto document = *policy::Document::parse(policy::default_key_policy(account()));
  stored->record.policy =
      std::make_shared<const keys::KeyPolicy>(keys::KeyPolicy{.text = stored->policy, .document = document});
  must_equal(keys::write_key(stored->record), value);
  KEYFOLD_CHECK(keys::key_name(stored->record) == name);
}

void alias(BytesView value) {
  static const RecordName name(RecordType::alias, account(), region(), "alias/ledger");
  const auto read = keys::read_alias(name, 7, value);
  if (read) must_equal(keys::write_alias(*read), value);
}

void grant(BytesView value) {
  static const std::string id = "1234abcd-12ab-34cd-56ef-1234567890ab." + std::string(64, '0');
  static const RecordName name(RecordType::grant, account(), region(), id);
  const auto read = keys::read_grant(name, 7, value);
  if (read) must_equal(keys::write_grant((*read)->what(), (*read)->created()), value);
}

void witness(BytesView value) {
  const auto read = keys::read_witness(value);
  if (read) must_equal(keys::write_witness(*read), value);
}

void user(BytesView value) {
  static const RecordName name(RecordType::user, account(), "ledger-writer");
  const auto read = identity::read_user(name, value);
  if (!read || value.front() == std::byte{1}) return;  // Version 1 is written no more.
  Bytes written;
  identity::write_user(written, *read);
  must_equal(written, value);
}

template <class Read, class Write>
void entity(RecordType type, BytesView value, Read read, Write write) {
  const auto entity = read(RecordName(type, account(), "ledger"), value);
  if (!entity) return;
  Bytes written;
  write(written, *entity);
  must_equal(written, value);
}

// The first byte of the rest chooses.
void other_identity(BytesView bytes) {
  if (bytes.empty()) return;
  const auto value = bytes.subspan(1);
  switch (std::to_integer<unsigned>(bytes.front()) % 5) {
    case 0:
      entity(RecordType::group, value, identity::read_group, identity::write_group);
      break;
    case 1:
      entity(RecordType::role, value, identity::read_role, identity::write_role);
      break;
    case 2:
      entity(RecordType::policy, value, identity::read_policy, identity::write_policy);
      break;
    case 3:
      entity(RecordType::keyuse, value, identity::read_key_use, identity::write_key_use);
      break;
    default: {
      const auto read = identity::read_session_claims(value);
      if (!read || value.front() == std::byte{1}) return;  // Version 1 is written no more.
      const auto written = identity::write_session_claims(read->claims, read->secret);
      KEYFOLD_CHECK(written);
      must_equal(written->reveal(), value);
    }
  }
}

void access_key(BytesView bytes) {
  constexpr std::size_t size_max = 4096;  // Bytes of a SecretBytes.
  static const RecordName name(RecordType::accesskey, account(), "AKIAQWERTYUIASDFGJKL");
  if (bytes.size() > size_max) return;
  const auto value = SecretBytes::copy_of(bytes);
  KEYFOLD_CHECK(value);
  const auto read = identity::read_access_key(name, *value);
  const auto secret = identity::read_secret(*value);
  KEYFOLD_CHECK(read.has_value() == secret.has_value());
  if (!read) return;
  const auto written = identity::write_access_key(*read, *secret);
  KEYFOLD_CHECK(written && *written == *value);
}

void identifier(std::string_view text) {
  const keys::Place place{.account = account(), .region = region()};
  if (const auto read = keys::parse_identifier(place, text)) {
    KEYFOLD_CHECK(read->key.has_value() != read->alias.has_value());
    // It is in the text, whole.
    KEYFOLD_CHECK(text.ends_with(read->key ? read->key->text() : read->alias->text()));
  }
  if (const auto name = keyrings::KmsKeyName::parse(text)) {
    KEYFOLD_CHECK(name->text() == text);
    KEYFOLD_CHECK(name->form() != keyrings::KmsKeyName::Form::key_arn || name->may_be(text));
  }
  if (const auto arn = KeyArn::parse(text)) {
    KEYFOLD_CHECK(key_arn(region_of(*arn), account_of(*arn), key_id_of(*arn)) == *arn);
  }
  if (const auto parts = split_arn(text)) {
    KEYFOLD_CHECK(parts->partition.size() + parts->service.size() + parts->region.size() + parts->account.size() +
                      parts->resource.size() + std::string_view("arn:::::").size() ==
                  text.size());
  }
  (void)AliasArn::parse(text).has_value();
  (void)PrincipalArn::parse(text).has_value();
  (void)AccessKeyId::parse(text).has_value();
  (void)GrantId::parse(text).has_value();
  if (const auto principal = policy::GrantPrincipal::parse(text)) {
    KEYFOLD_CHECK(text.find(principal->text) != std::string_view::npos && PrincipalArnTag::valid(text));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  switch (data[0] % 8) {
    case 0:
      key(bytes);
      break;
    case 1:
      alias(bytes);
      break;
    case 2:
      witness(bytes);
      break;
    case 3:
      user(bytes);
      break;
    case 4:
      access_key(bytes);
      break;
    case 5:
      other_identity(bytes);
      break;
    case 6:
      grant(bytes);
      break;
    default:
      identifier(as_text(bytes));
      break;
  }
  return 0;
}
