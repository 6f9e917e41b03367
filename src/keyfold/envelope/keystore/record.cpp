#include "keyfold/envelope/keystore/record.h"

#include <array>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keyrings/kms_key_name.h"
#include "keyfold/envelope/materials/context_codec.h"

namespace keyfold::keystore {
namespace {

constexpr std::size_t create_time_size_max = 64;  // Bytes.

// The names that a record's own fields have in its context ("enc" never is there).
constexpr std::array<std::string_view, 8> field_names = {
    "branch-key-id", "type", "version", "create-time", "kms-arn", "hierarchy-version", "tablename", "enc"};

Error corrupt(const Record& record, std::string_view why) {
  return {ErrorCode::corrupt, "the record " + record.type.substr(0, 64) + " of branch key " +
                                  record.branch_key_id.substr(0, 64) + " " + std::string(why)};
}

bool is_version_type(std::string_view text) {
  return text.starts_with(version_type_prefix) &&
         keyrings::parse_branch_key_version(text.substr(version_type_prefix.size())).has_value();
}

bool is_short_text(std::string_view text, std::size_t size_max) {
  return !text.empty() && text.size() <= size_max && materials::is_utf8(text);
}

// Spec: framework/branch-key-store.md, "ACTIVE Encryption Context" and the two sections after it.
Outcome check_type(const Record& record) {
  if (record.type == active_type) {
    if (!is_version_type(record.version)) return corrupt(record, "names no version");
    return ok();
  }
  if (record.type != beacon_type && !is_version_type(record.type)) return corrupt(record, "has a type that is none");
  if (!record.version.empty()) return corrupt(record, "has a version, which only the active record may");
  return ok();
}

Outcome check_attributes(const Record& record) {
  std::size_t size = 2;
  for (const auto& [name, value] : record.attributes) {
    if (std::ranges::find(field_names, name) != field_names.end() || name.empty())
      return corrupt(record, "has a field among its attributes");
    if (!materials::is_utf8(name) || !materials::is_utf8(value))
      return corrupt(record, "has an attribute that is not UTF-8");
    size += 4 + name.size() + value.size();
  }
  if (size > attributes_size_max) return corrupt(record, "has more than 65535 bytes of attributes");
  return ok();
}

}  // namespace

Outcome check_record(const Record& record) {
  if (!keyrings::check_branch_key_id(record.branch_key_id)) return corrupt(record, "has an id that is none");
  TRY(check_type(record));
  if (!is_short_text(record.create_time, create_time_size_max)) return corrupt(record, "has no time of creation");
  if (!keyrings::is_kms_key_arn(record.kms_arn)) return corrupt(record, "names no KMS key by its ARN");
  if (record.hierarchy_version != "1" && record.hierarchy_version != "2")
    return corrupt(record, "is of a hierarchy version that is not known");
  if (record.wrapped_key.empty() || record.wrapped_key.size() > wrapped_key_size_max)
    return corrupt(record, "holds no wrapped key");
  return check_attributes(record);
}

Result<Record> read_record(const RecordRow& row) {
  Record record{.branch_key_id = std::string(row.branch_key_id),
                .type = std::string(row.type),
                .version = std::string(row.version),
                .create_time = std::string(row.create_time),
                .kms_arn = std::string(row.kms_arn),
                .hierarchy_version = std::string(row.hierarchy_version),
                .attributes = {},
                .wrapped_key = Bytes(row.wrapped_key.begin(), row.wrapped_key.end())};
  std::vector<ContextPair> pairs;
  const auto attributes = materials::read_serialized_context(row.attributes, pairs);
  if (!attributes || row.attributes.size() > attributes_size_max)
    return corrupt(record, "has attributes that cannot be read");
  record.attributes = EncryptionContext(*attributes);
  TRY(check_record(record));
  return record;
}

Result<Bytes> write_attributes(const EncryptionContext& attributes) {
  Bytes bytes;
  std::vector<ContextPair> pairs;
  TRY(materials::append_serialized_context(bytes, attributes.view(pairs)));
  return bytes;
}

RecordKind kind_of(const Record& record) {
  if (record.type == active_type) return RecordKind::active;
  return record.type == beacon_type ? RecordKind::beacon : RecordKind::version;
}

HierarchyVersion hierarchy_of(const Record& record) {
  return record.hierarchy_version == "1" ? HierarchyVersion::one : HierarchyVersion::two;
}

keyrings::BranchKeyVersion version_of(const Record& record) {
  const std::string_view text = kind_of(record) == RecordKind::active ? record.version : record.type;
  KEYFOLD_CHECK(text.starts_with(version_type_prefix));
  const auto version = keyrings::parse_branch_key_version(text.substr(version_type_prefix.size()));
  KEYFOLD_CHECK(version.has_value());
  return *version;
}

EncryptionContext custom_context_of(const Record& record) {
  EncryptionContext custom;
  for (const auto& [name, value] : record.attributes)
    if (name.starts_with(custom_context_prefix)) custom.set(name.substr(custom_context_prefix.size()), value);
  return custom;
}

// Spec: the same, "Encryption Context".
EncryptionContext context_of(const Record& record, std::string_view logical_name) {
  EncryptionContext context = record.attributes;
  context.set("branch-key-id", record.branch_key_id);
  context.set("type", record.type);
  if (kind_of(record) == RecordKind::active) context.set("version", record.version);
  context.set("create-time", record.create_time);
  context.set("tablename", std::string(logical_name));
  context.set("kms-arn", record.kms_arn);
  context.set("hierarchy-version", record.hierarchy_version);
  return context;
}

std::string version_type(const keyrings::BranchKeyVersion& version) {
  return std::string(version_type_prefix) + keyrings::to_string(version);
}

// Spec: the same, "Branch Key and Beacon Key Creation": UTC, to the microsecond.
std::string create_time_of(Timestamp time) {
  const auto fraction = static_cast<std::uint64_t>((time - std::chrono::floor<std::chrono::seconds>(time)).count());
  auto text = to_iso8601(time);
  const auto digits = std::to_string(1'000'000 + fraction);
  return text.replace(text.size() - 1, 1, "." + digits.substr(1) + "Z");
}

Outcome check_logical_name(std::string_view name) {
  const bool is_clean =
      std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!is_short_text(name, logical_name_size_max) || !is_clean)
    return Error{ErrorCode::invalid_input,
                 "a key store's logical name is 1 to 255 bytes of UTF-8 without control characters"};
  return ok();
}

}  // namespace keyfold::keystore
