// Records of the branch-key store, as a database may have them; data keys that a message says are wrapped under a
// branch key; ids, versions and KMS keys by name. The first byte chooses.

#include <cstddef>
#include <cstdint>

#include "keyfold/envelope/keyrings/branch_key.h"
#include "keyfold/envelope/keyrings/fake_branch_keys_test.h"
#include "keyfold/envelope/keystore/kms_key_choice.h"
#include "keyfold/envelope/keystore/record.h"

using namespace keyfold;

namespace {

// Eight fields, each behind its length. What is read says what the row says, and is bound to all of it.
void record(BytesView bytes) {
  Reader in(bytes);
  std::array<BytesView, 8> fields;
  for (auto& field : fields) {
    const auto read = in.sized16();
    if (!read) return;
    field = *read;
  }
  const keystore::RecordRow row{.branch_key_id = as_text(fields[0]),
                                .type = as_text(fields[1]),
                                .version = as_text(fields[2]),
                                .create_time = as_text(fields[3]),
                                .kms_arn = as_text(fields[4]),
                                .hierarchy_version = as_text(fields[5]),
                                .attributes = fields[6],
                                .wrapped_key = fields[7]};
  const auto read = keystore::read_record(row);
  if (!read) {
    KEYFOLD_CHECK(read.error().code == ErrorCode::corrupt);
    return;
  }
  const auto attributes = keystore::write_attributes(read->attributes);
  KEYFOLD_CHECK(attributes.has_value());
  auto again = row;
  again.attributes = *attributes;
  KEYFOLD_CHECK(*keystore::read_record(again) == *read);
  const auto context = keystore::context_of(*read, "tenants");
  const bool is_active = keystore::kind_of(*read) == keystore::RecordKind::active;
  KEYFOLD_CHECK(context.size() == read->attributes.size() + (is_active ? 7 : 6) && !context.contains("enc"));
  KEYFOLD_CHECK(*context.find("tablename") == "tenants" && *context.find("branch-key-id") == row.branch_key_id);
  if (keystore::kind_of(*read) != keystore::RecordKind::beacon) {
    const auto type = keystore::version_type(keystore::version_of(*read));
    KEYFOLD_CHECK(type == (is_active ? row.version : row.type));
  }
  KEYFOLD_CHECK(keystore::custom_context_of(*read).size() <= read->attributes.size());
}

// A data key that nobody wrapped is not unwrapped.
void wrapped_key(BytesView ciphertext) {
  static const auto store = [] {
    auto keys = std::make_shared<keyrings::testing::FakeBranchKeys>();
    keys->put("acme", {}, Bytes(keyrings::branch_key_size, std::byte{7}));
    return keys;
  }();
  static const auto keyring = *keyrings::branch_key_keyring(store, *keyrings::fixed_branch_key("acme"),
                                                            {.time_to_live = std::chrono::hours(1)});
  for (const auto& suite : materials::all_suites()) {
    const materials::EncryptedDataKeyView key{
        .provider_id = keyrings::branch_key_provider_id, .provider_info = as_bytes("acme"), .ciphertext = ciphertext};
    KEYFOLD_CHECK(!keyring->on_decrypt(
        {.suite = suite, .encryption_context = {}, .serialized_context = {}, .keys = std::span(&key, 1)}));
  }
}

void name(std::string_view text) {
  if (const auto version = keyrings::parse_branch_key_version(text))
    KEYFOLD_CHECK(keyrings::to_string(*version) == text);
  static const auto related = *keystore::KmsKeyChoice::multi_region(
      "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234567890abcdef1234567890abcdef");
  if (const auto key = related.key_for(text))
    KEYFOLD_CHECK(text.ends_with(":123456789012:key/mrk-1234567890abcdef1234567890abcdef"));
  static const auto any = *keystore::KmsKeyChoice::discovery({.accounts = {"123456789012"}});
  if (const auto key = any.key_for(text)) KEYFOLD_CHECK(*key == text && text.starts_with("arn:aws:kms:"));
  if (const auto choice = keystore::KmsKeyChoice::only(std::string(text)))
    KEYFOLD_CHECK(*choice->key_for_sealing() == text && *choice->key_for(text) == text);
  (void)keyrings::check_branch_key_id(text).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  switch (data[0] % 3) {
    case 0:
      record(bytes);
      break;
    case 1:
      wrapped_key(bytes);
      break;
    default:
      name(as_text(bytes));
      break;
  }
  return 0;
}
