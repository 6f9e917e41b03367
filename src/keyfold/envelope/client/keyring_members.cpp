#include "keyfold/envelope/client/keyring_members.h"

#include <algorithm>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/client/read_file.h"

namespace keyfold::client {
namespace {

using keyrings::KmsKeyArn;
using protocol::JsonValue;

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

// As much of a file as `size_max` bytes and one more: who gets more than size_max knows that there is more.
Result<SecretBytes> read_key_file(const std::filesystem::path& path, std::size_t size_max) {
  TRY_ASSIGN(auto buffer, SecretBytes::zeroed(size_max + 1));
  const auto size = read_file(path, buffer.fill());
  if (!size) return keyring_error("cannot read the key file " + size.error().message);
  return SecretBytes::copy_of(buffer.reveal().first(*size));
}

}  // namespace

Error keyring_error(std::string text) { return Error{ErrorCode::invalid_input, "keyring: " + std::move(text)}; }

Outcome allow_only(const JsonValue& object, std::initializer_list<std::string_view> names) {
  std::string unknown;
  object.each_member([&](std::string_view name, JsonValue) {
    if (std::ranges::find(names, name) == names.end()) unknown = name;
  });
  if (!unknown.empty()) return keyring_error(in_quotes(unknown) + " is not a setting of this type");
  return ok();
}

Result<std::string> text_member(const JsonValue& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value || !value->is(JsonValue::Kind::text) || value->text().empty())
    return keyring_error(in_quotes(name) + " is missing, or not text");
  return std::string(value->text());
}

Result<std::string> optional_text(const JsonValue& object, std::string_view name, std::string_view otherwise) {
  if (!object.find(name)) return std::string(otherwise);
  return text_member(object, name);
}

Result<std::vector<std::string>> text_list(const JsonValue& object, std::string_view name) {
  std::vector<std::string> texts;
  const auto list = object.find(name);
  if (!list) return texts;
  if (!list->is(JsonValue::Kind::array) || list->size() > keyring_list_max)
    return keyring_error(in_quotes(name) + " is not an array, or has more than 64 elements");
  bool all_texts = true;
  list->each_element([&](JsonValue element) {
    const bool is_text = element.is(JsonValue::Kind::text) && !element.text().empty();
    if (is_text) texts.emplace_back(element.text());
    all_texts = all_texts && is_text;
  });
  if (!all_texts) return keyring_error(in_quotes(name) + " has an element that is not text");
  return texts;
}

Result<std::int64_t> optional_number(const JsonValue& object, std::string_view name, std::int64_t otherwise,
                                     std::int64_t least, std::int64_t most) {
  const auto value = object.find(name);
  if (!value) return otherwise;
  if (!value->is(JsonValue::Kind::integer) || value->integer() < least || value->integer() > most)
    return keyring_error(in_quotes(name) + " is not a whole number from " + std::to_string(least) + " to " +
                         std::to_string(most));
  return value->integer();
}

Result<KmsKeyArn> key_arn_member(const JsonValue& object, std::string_view name) {
  TRY_ASSIGN(const auto text, text_member(object, name));
  auto key = KmsKeyArn::parse(text);
  if (!key) return keyring_error(in_quotes(name) + ": " + key.error().message);
  return key;
}

Result<std::vector<KmsKeyArn>> key_arn_list(const JsonValue& object, std::string_view name) {
  TRY_ASSIGN(const auto texts, text_list(object, name));
  std::vector<KmsKeyArn> keys;
  for (const auto& text : texts) {
    auto key = KmsKeyArn::parse(text);
    if (!key) return keyring_error(in_quotes(name) + ": " + key.error().message);
    keys.push_back(*std::move(key));
  }
  return keys;
}

Result<TextMap> text_map(const JsonValue& object, std::string_view name) {
  TextMap texts;
  const auto list = object.find(name);
  if (!list) return texts;
  if (!list->is(JsonValue::Kind::object) || list->size() > keyring_list_max)
    return keyring_error(in_quotes(name) + " is not an object, or has more than 64 members");
  bool all_texts = true;
  list->each_member([&](std::string_view key, JsonValue value) {
    const bool is_text = value.is(JsonValue::Kind::text);
    if (is_text) texts.emplace(key, value.text());
    all_texts = all_texts && is_text;
  });
  if (!all_texts) return keyring_error(in_quotes(name) + " has a member that is not text");
  return texts;
}

Result<SecretBytes> aes_key_file(const JsonValue& object, std::string_view name, const std::filesystem::path& folder) {
  TRY_ASSIGN(const auto file, text_member(object, name));
  const auto path = folder / file;
  TRY_ASSIGN(auto key, read_key_file(path, 32));
  if (key.size() != 16 && key.size() != 24 && key.size() != 32)
    return keyring_error(path.string() + " does not hold 16, 24 or 32 bytes");
  return key;
}

Result<SecretBytes> optional_pem_file(const JsonValue& object, std::string_view name,
                                      const std::filesystem::path& folder) {
  if (!object.find(name)) return SecretBytes();
  TRY_ASSIGN(const auto file, text_member(object, name));
  const auto path = folder / file;
  TRY_ASSIGN(auto pem, read_key_file(path, pem_file_size_max));
  if (pem.empty() || pem.size() > pem_file_size_max)
    return keyring_error(path.string() + " is empty, or larger than 16 KiB");
  return pem;
}

}  // namespace keyfold::client
