#include "keyfold/kms/server/operations/shared.h"

#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/responses.h"

namespace keyfold::server {

Outcome only_default_policy(const protocol::Text& name) {
  if (name.value_or(default_policy_name) != default_policy_name)
    return Error{ErrorCode::not_found, "No such policy exists"};
  return ok();
}

std::vector<keys::Tag> owned(std::span<const protocol::Tag> tags) {
  std::vector<keys::Tag> copies;
  copies.reserve(tags.size());
  for (const auto& tag : tags) copies.push_back({.key = std::string(tag.key), .value = std::string(tag.value)});
  return copies;
}

void append_metadata(std::string& out, const KeyRecord& key) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 2 * sizeof(keys::MaterialId)> material;
  std::size_t at = 0;
  for (const std::byte b : key.current().id) {
    material[at++] = digits[std::to_integer<std::size_t>(b >> 4)];
    material[at++] = digits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  protocol::append(out, protocol::KeyMetadata{
                            .account = key.place.account.text(),
                            .key_id = key.id.text(),
                            .arn = key.arn.text(),
                            .creation_date = key.created,
                            .enabled = key.enabled(),
                            .description = key.description,
                            .key_usage = keys::to_text(key.usage),
                            .key_state = keys::to_text(key.state),
                            .deletion_date = key.deletion ? std::optional(key.deletion->date) : std::nullopt,
                            .origin = keys::to_text(key.origin),
                            .key_manager = "CUSTOMER",
                            .key_spec = keys::to_text(key.spec),
                            .multi_region = key.multi_region != keys::MultiRegion::no,
                            .current_key_material_id = {material.data(), material.size()},
                        });
}

Outcome suits_symmetric_key(const protocol::Text& algorithm) {
  if (algorithm.value_or(protocol::symmetric_default) != protocol::symmetric_default)
    return Error{ErrorCode::invalid_key_usage,
                 "Algorithm " + std::string(*algorithm) + " is incompatible with key spec SYMMETRIC_DEFAULT."};
  return ok();
}

Outcome no_custom_key_store(const protocol::Text& id) {
  if (id)
    return Error{ErrorCode::custom_key_store_not_found, "Custom key store '" + std::string(*id) + "' does not exist."};
  return ok();
}

Result<std::size_t> data_key_size(Call& call, const protocol::GenerateDataKeyRequest& request) {
  if (request.key_spec.has_value() == request.number_of_bytes.has_value())
    return Error{ErrorCode::validation, "Please specify either number of bytes or key spec."};
  if (request.number_of_bytes) {
    call.record().request.push_back(audit::EventField::number("numberOfBytes", *request.number_of_bytes));
    return static_cast<std::size_t>(*request.number_of_bytes);
  }
  call.record().request.emplace_back("keySpec", *request.key_spec);
  return *request.key_spec == "AES_128" ? std::size_t{16} : std::size_t{32};
}

Outcome dry_run_succeeded() {
  return Error{ErrorCode::dry_run_operation, "The request would have succeeded, but the DryRun option is set."};
}

Outcome dry_run(Call& call, const KeyRecord& key) {
  TRY(call.state_allows(key));
  return dry_run_succeeded();
}

Outcome ignores_ciphertext_properly(bool dry_run, bool ignore, const protocol::Text& key_id, std::string_view member) {
  if (!ignore) return ok();
  if (!dry_run) return Error{ErrorCode::validation, "DryRunModifiers may be specified only with DryRun."};
  if (key_id) return ok();
  return Error{ErrorCode::validation, "1 validation error detected: Value null at '" + std::string(member) +
                                          "' failed to satisfy constraint: Member must not be null"};
}

Result<keys::Found> find_for_ciphertext(Call& call, BytesView ciphertext, const protocol::Text& named) {
  if (named) return call.find(*named);
  auto found = call.keys().find_for_blob(call.place(), ciphertext);
  if (found) call.note(*found->key);
  return found;
}

Outcome is_of(Call& call, BytesView ciphertext, const keys::Found& key) {
  if (key.by == keys::AddressedBy::ciphertext) return ok();
  const auto own = call.keys().find_for_blob(call.place(), ciphertext);
  if (own && own->key->arn == key.key->arn) return ok();
  if (!own && own.error().code != ErrorCode::access_denied) return own.error();
  std::string told = "The key ID in the request does not identify a CMK that can perform this operation.";
  call.record().untold_error = told + " The ciphertext is of ";
  call.record().untold_error.append(own ? own->key->arn.text() : "a key that is not here");
  return Error{ErrorCode::incorrect_key, std::move(told)};
}

Result<std::size_t> page_limit(const protocol::Integer& asked, PageLimits limits) {
  const std::int64_t limit = asked.value_or(limits.usual);
  if (limit > limits.max)
    return Error{ErrorCode::validation,
                 "1 validation error detected: Value '" + std::to_string(limit) +
                     "' at 'limit' failed to satisfy constraint: Member must have value less than or "
                     "equal to " +
                     std::to_string(limits.max)};
  return static_cast<std::size_t>(limit);
}

}  // namespace keyfold::server
