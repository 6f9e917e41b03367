#include "keyfold/kms/keys/record_codec.h"

#include <iterator>
#include <string>
#include <utility>

#include "keyfold/core/base/try.h"

namespace keyfold::keys {
namespace {

using vault::RecordName;
using vault::RecordType;

constexpr std::string_view witness_id = "keys.witness";
constexpr std::size_t materials_max = 65535;

Error not_sound(const char* what) {
  return Error{ErrorCode::corrupt, std::string("a stored record is not sound: ") + what};
}

Writer& write_time(Writer& out, Timestamp time) {
  return out.u64(static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

Result<Timestamp> read_time(Reader& in) {
  TRY_ASSIGN(const auto microseconds, in.u64());
  return Timestamp(Duration(static_cast<std::int64_t>(microseconds)));
}

Result<Duration> read_duration(Reader& in) {
  TRY_ASSIGN(const auto microseconds, in.u64());
  return Duration(static_cast<std::int64_t>(microseconds));
}

// An enumeration by its number, which must be from `first` to `last`.
template <class Enum>
Result<Enum> read_enum(Reader& in, Enum first, Enum last) {
  TRY_ASSIGN(const auto number, in.u8());
  if (number < static_cast<std::uint8_t>(first) || number > static_cast<std::uint8_t>(last))
    return not_sound("an unknown enumeration value");
  return Enum{number};
}

Result<std::string> read_text16(Reader& in) {
  TRY_ASSIGN(const auto text, in.sized16());
  return std::string(as_text(text));
}

Result<std::string> read_text32(Reader& in) {
  TRY_ASSIGN(const auto text, in.sized32());
  return std::string(as_text(text));
}

Outcome read_format(Reader& in) {
  TRY_ASSIGN(const auto format, in.u8());
  if (format != record_format_version) return not_sound("an unknown format version");
  return ok();
}

Result<Place> place_of(const RecordName& name) {
  TRY_ASSIGN(const auto account, AccountId::parse(name.account()));
  TRY_ASSIGN(const auto region, Region::parse(name.region()));
  return Place{.account = account, .region = region};
}

// docs/formats/key-records.md, "Key".
Outcome read_tags(Reader& in, KeyRecord& key) {
  TRY_ASSIGN(const auto count, in.u16());
  for (std::uint16_t i = 0; i < count; ++i) {
    TRY_ASSIGN(auto tag_key, read_text16(in));
    TRY_ASSIGN(auto value, read_text16(in));
    key.tags.push_back({.key = std::move(tag_key), .value = std::move(value)});
  }
  return ok();
}

Outcome read_rotation(Reader& in, KeyRecord& key) {
  TRY_ASSIGN(key.rotation.automatic, read_enum(in, Switch::off, Switch::on));
  TRY_ASSIGN(key.rotation.period_days, in.u32());
  TRY_ASSIGN(key.rotation.next, read_time(in));
  TRY_ASSIGN(key.rotation.on_demand_count, in.u32());
  return ok();
}

Outcome read_deletion(Reader& in, KeyRecord& key) {
  TRY_ASSIGN(const auto present, read_enum(in, Switch::off, Switch::on));
  if (present == Switch::off) return ok();
  Deletion deletion;
  TRY_ASSIGN(deletion.date, read_time(in));
  TRY_ASSIGN(deletion.window_days, in.u32());
  TRY_ASSIGN(deletion.witnessed, read_duration(in));
  key.deletion = deletion;
  return ok();
}

Outcome read_materials(Reader& in, KeyRecord& key) {
  TRY_ASSIGN(const auto count, in.u16());
  for (std::uint16_t i = 0; i < count; ++i) {
    Material material;
    TRY_ASSIGN(material.id, in.array<32>());
    material.rotation_index = i;
    TRY_ASSIGN(material.created, read_time(in));
    TRY_ASSIGN(material.rotation_type, read_enum(in, RotationType::none, RotationType::on_demand));
    key.materials.push_back(std::move(material));
  }
  if (key.materials.empty()) return not_sound("a key without material");
  return ok();
}

Result<StoredKey> read_key_fields(const RecordName& name, std::uint64_t version, BytesView value) {
  TRY_ASSIGN(const auto place, place_of(name));
  TRY_ASSIGN(const auto id, KeyId::parse(name.id()));
  StoredKey stored{
      .record = {.arn = key_arn(place.region, place.account, id), .id = id, .place = place, .epoch = version},
      .policy = {}};
  KeyRecord& key = stored.record;
  Reader in(value);
  TRY(read_format(in));
  TRY_ASSIGN(key.created, read_time(in));
  TRY_ASSIGN(key.state, read_enum(in, KeyState::creating, KeyState::updating));
  TRY_ASSIGN(key.usage, read_enum(in, KeyUsage::encrypt_decrypt, KeyUsage::encrypt_decrypt));
  TRY_ASSIGN(key.spec, read_enum(in, KeySpec::symmetric_default, KeySpec::symmetric_default));
  TRY_ASSIGN(key.origin, read_enum(in, KeyOrigin::aws_kms, KeyOrigin::aws_kms));
  TRY_ASSIGN(key.multi_region, read_enum(in, MultiRegion::no, MultiRegion::replica));
  TRY_ASSIGN(key.description, read_text32(in));
  TRY_ASSIGN(stored.policy, read_text32(in));
  TRY(read_tags(in, key));
  TRY(read_rotation(in, key));
  TRY(read_deletion(in, key));
  TRY(read_materials(in, key));
  TRY(in.end());
  return stored;
}

Result<Alias> read_alias_fields(const RecordName& name, std::uint64_t version, BytesView value) {
  TRY_ASSIGN(const auto place, place_of(name));
  TRY_ASSIGN(const auto alias, AliasName::parse(name.id()));
  Reader in(value);
  TRY(read_format(in));
  TRY_ASSIGN(const auto target_text, in.bytes(KeyIdTag::size_max));
  TRY_ASSIGN(const auto target, KeyId::parse(as_text(target_text)));
  TRY_ASSIGN(const auto created, read_time(in));
  TRY_ASSIGN(const auto updated, read_time(in));
  TRY(in.end());
  return Alias{
      .place = place, .name = alias, .target = target, .created = created, .updated = updated, .epoch = version};
}

// docs/formats/key-records.md, "Grant".
Outcome read_constraint(Reader& in, NewGrant& grant) {
  using Kind = policy::GrantConstraint::Kind;
  TRY_ASSIGN(grant.constraint, read_enum(in, Kind::none, Kind::subset));
  TRY_ASSIGN(const auto count, in.u8());
  for (std::uint8_t i = 0; i < count; ++i) {
    TRY_ASSIGN(auto pair_key, read_text16(in));
    TRY_ASSIGN(auto value, read_text16(in));
    if (!grant.pairs.empty() && std::prev(grant.pairs.end())->first >= pair_key) return not_sound("pairs out of order");
    grant.pairs.set(std::move(pair_key), std::move(value));
  }
  if (grant.pairs.empty() != (grant.constraint == Kind::none)) return not_sound("a constraint without pairs");
  return ok();
}

// An account's root, a user, a role or a session: GrantRecord counts on it.
Result<std::string> read_principal(Reader& in) {
  TRY_ASSIGN(auto arn, read_text16(in));
  TRY(policy::GrantPrincipal::parse(arn));
  return arn;
}

Result<Grant> read_grant_fields(const RecordName& name, std::uint64_t version, BytesView value) {
  TRY_ASSIGN(const auto place, place_of(name));
  const auto dot = name.id().find('.');
  if (dot == std::string_view::npos) return not_sound("a grant of no key");
  TRY_ASSIGN(const auto key, KeyId::parse(name.id().substr(0, dot)));
  TRY_ASSIGN(const auto id, GrantId::parse(name.id().substr(dot + 1)));
  Reader in(value);
  TRY(read_format(in));
  TRY_ASSIGN(const auto created, read_time(in));
  TRY_ASSIGN(const auto issuer, in.bytes(AccountIdTag::size_max));
  TRY_ASSIGN(const auto issuing_account, AccountId::parse(as_text(issuer)));
  NewGrant grant{.issuer = issuing_account};
  TRY_ASSIGN(grant.name, read_text16(in));
  TRY_ASSIGN(grant.grantee, read_principal(in));
  TRY_ASSIGN(const auto has_retiring, read_enum(in, Switch::off, Switch::on));
  if (has_retiring == Switch::on) {
    TRY_ASSIGN(grant.retiring, read_principal(in));
  }
  TRY_ASSIGN(const auto operations, in.u32());
  if (operations == 0 || operations >> policy::grant_operation_count != 0) return not_sound("unknown grant operations");
  grant.operations = policy::GrantOperations(operations);
  TRY(read_constraint(in, grant));
  TRY(in.end());
  return std::make_shared<const GrantRecord>(key_arn(place.region, place.account, key), id, std::move(grant), created,
                                             version);
}

Result<WitnessRecord> read_witness_fields(BytesView value) {
  Reader in(value);
  TRY(read_format(in));
  WitnessRecord witness;
  TRY_ASSIGN(witness.total, read_duration(in));
  TRY_ASSIGN(witness.written, read_time(in));
  TRY(in.end());
  return witness;
}

// Whatever is wrong with a record that the vault has verified is our own doing: it is `corrupt`, and named.
template <class T>
Result<T> or_corrupt(Result<T> result, std::string_view name) {
  if (result) return result;
  return Error{ErrorCode::corrupt, std::string(name) + ": " + result.error().message};
}

}  // namespace

RecordName key_name(const KeyRecord& key) {
  return {RecordType::key, key.place.account, key.place.region, key.id.text()};
}

RecordName material_name(const KeyRecord& key, std::uint32_t rotation_index) {
  const auto id = std::string(key.id.text()) + "." + std::to_string(rotation_index);
  return {RecordType::material, key.place.account, key.place.region, id};
}

RecordName alias_name(const Place& place, const AliasName& alias) {
  return {RecordType::alias, place.account, place.region, alias.text()};
}

RecordName grant_name(const KeyArn& key, const GrantId& grant) {
  const auto id = std::string(key_id_of(key).text()) + "." + std::string(grant.text());
  return {RecordType::grant, account_of(key), region_of(key), id};
}

RecordName witness_name() { return {RecordType::meta, witness_id}; }

Bytes write_key(const KeyRecord& key) {
  Bytes value;
  Writer out(value);
  out.u8(record_format_version);
  write_time(out, key.created)
      .u8(static_cast<std::uint8_t>(key.state))
      .u8(static_cast<std::uint8_t>(key.usage))
      .u8(static_cast<std::uint8_t>(key.spec))
      .u8(static_cast<std::uint8_t>(key.origin))
      .u8(static_cast<std::uint8_t>(key.multi_region))
      .sized32(as_bytes(key.description))
      .sized32(as_bytes(key.policy->text))
      .u16(static_cast<std::uint16_t>(key.tags.size()));
  for (const auto& tag : key.tags) out.sized16(as_bytes(tag.key)).sized16(as_bytes(tag.value));
  out.u8(static_cast<std::uint8_t>(key.rotation.automatic)).u32(key.rotation.period_days);
  write_time(out, key.rotation.next).u32(key.rotation.on_demand_count);
  out.u8(key.deletion ? 1 : 0);
  if (key.deletion)
    write_time(out, key.deletion->date)
        .u32(key.deletion->window_days)
        .u64(static_cast<std::uint64_t>(key.deletion->witnessed.count()));
  KEYFOLD_CHECK(key.materials.size() <= materials_max);
  out.u16(static_cast<std::uint16_t>(key.materials.size()));
  for (const auto& material : key.materials) {
    out.bytes(material.id);
    write_time(out, material.created).u8(static_cast<std::uint8_t>(material.rotation_type));
  }
  return value;
}

Result<StoredKey> read_key(const RecordName& name, std::uint64_t version, BytesView value) {
  return or_corrupt(read_key_fields(name, version, value), name.text());
}

Bytes write_alias(const Alias& alias) {
  Bytes value;
  Writer out(value);
  out.u8(record_format_version).text(alias.target.text());
  write_time(out, alias.created);
  write_time(out, alias.updated);
  return value;
}

Result<Alias> read_alias(const RecordName& name, std::uint64_t version, BytesView value) {
  return or_corrupt(read_alias_fields(name, version, value), name.text());
}

Bytes write_grant(const NewGrant& grant, Timestamp created) {
  Bytes value;
  Writer out(value);
  out.u8(record_format_version);
  write_time(out, created)
      .text(grant.issuer.text())
      .sized16(as_bytes(grant.name))
      .sized16(as_bytes(grant.grantee))
      .u8(grant.retiring.empty() ? 0 : 1);
  if (!grant.retiring.empty()) out.sized16(as_bytes(grant.retiring));
  out.u32(grant.operations.bits()).u8(static_cast<std::uint8_t>(grant.constraint));
  KEYFOLD_CHECK(grant.pairs.size() <= constraint_pairs_max);
  out.u8(static_cast<std::uint8_t>(grant.pairs.size()));
  for (const auto& [key, value_of_key] : grant.pairs) out.sized16(as_bytes(key)).sized16(as_bytes(value_of_key));
  return value;
}

Result<Grant> read_grant(const RecordName& name, std::uint64_t version, BytesView value) {
  return or_corrupt(read_grant_fields(name, version, value), name.text());
}

Bytes write_witness(const WitnessRecord& witness) {
  Bytes value;
  Writer out(value);
  out.u8(record_format_version).u64(static_cast<std::uint64_t>(witness.total.count()));
  write_time(out, witness.written);
  return value;
}

Result<WitnessRecord> read_witness(BytesView value) {
  return or_corrupt(read_witness_fields(value), witness_name().text());
}

}  // namespace keyfold::keys
