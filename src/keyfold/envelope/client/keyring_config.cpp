#include "keyfold/envelope/client/keyring_config.h"

#include <algorithm>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/try.h"
#include "keyfold/core/protocol/json.h"
#include "keyfold/envelope/client/read_file.h"
#include "keyfold/envelope/keyrings/kms.h"
#include "keyfold/envelope/keyrings/multi.h"
#include "keyfold/envelope/keyrings/raw_aes.h"

namespace keyfold::client {
namespace {

using protocol::JsonValue;
using KeyringPointer = std::shared_ptr<const keyrings::Keyring>;

Error refuse(std::string text) { return Error{ErrorCode::invalid_input, "keyring: " + std::move(text)}; }

Outcome allow_only(const JsonValue& object, std::initializer_list<std::string_view> names) {
  std::string unknown;
  object.each_member([&](std::string_view name, JsonValue) {
    if (std::ranges::find(names, name) == names.end()) unknown = name;
  });
  if (!unknown.empty()) return refuse("\"" + unknown + "\" is not a setting of this type");
  return ok();
}

Result<std::string> text_member(const JsonValue& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value || !value->is(JsonValue::Kind::text) || value->text().empty())
    return refuse("\"" + std::string(name) + "\" is missing, or not text");
  return std::string(value->text());
}

Result<SecretBytes> read_key_file(const std::filesystem::path& path) {
  TRY_ASSIGN(auto buffer, SecretBytes::zeroed(33));
  const auto size = read_file(path, buffer.fill());
  if (!size) return refuse("cannot read the key file " + size.error().message);
  if (*size != 16 && *size != 24 && *size != 32) return refuse(path.string() + " does not hold 16, 24 or 32 bytes");
  return SecretBytes::copy_of(buffer.reveal().first(*size));
}

class Builder {
 public:
  explicit Builder(const KeyringSources& sources) : sources_(sources) {}

  Result<KeyringPointer> build(const JsonValue& value, std::size_t depth) {
    if (depth > keyring_depth_max) return refuse("nested too deep");
    if (++count_ > keyring_count_max) return refuse("more than 64 keyrings");
    if (!value.is(JsonValue::Kind::object)) return refuse("not an object");
    TRY_ASSIGN(const auto type, text_member(value, "type"));
    if (type == "kms") return kms(value);
    if (type == "raw-aes") return raw_aes(value);
    if (type == "multi") return multi(value, depth);
    return refuse("the type \"" + type + "\" is not known; kms, raw-aes and multi are");
  }
  bool has_kms() const { return has_kms_; }

 private:
  Result<KeyringPointer> kms(const JsonValue& value) {
    TRY(allow_only(value, {"type", "key"}));
    TRY_ASSIGN(const auto text, text_member(value, "key"));
    TRY_ASSIGN(auto name, keyrings::KmsKeyName::parse(text));
    TRY_ASSIGN(auto client, sources_.kms(text));
    has_kms_ = true;
    return keyrings::kms_keyring(std::move(client), std::move(name));
  }

  Result<KeyringPointer> raw_aes(const JsonValue& value) {
    TRY(allow_only(value, {"type", "namespace", "name", "key_file"}));
    TRY_ASSIGN(auto key_namespace, text_member(value, "namespace"));
    TRY_ASSIGN(auto key_name, text_member(value, "name"));
    TRY_ASSIGN(const auto file, text_member(value, "key_file"));
    TRY_ASSIGN(auto key, read_key_file(sources_.folder / file));
    return keyrings::raw_aes_keyring(
        {.key_namespace = std::move(key_namespace), .key_name = std::move(key_name), .wrapping_key = std::move(key)});
  }

  Result<KeyringPointer> multi(const JsonValue& value, std::size_t depth) {
    TRY(allow_only(value, {"type", "generator", "children"}));
    KeyringPointer generator;
    if (const auto found = value.find("generator")) {
      TRY_ASSIGN(generator, build(*found, depth + 1));
    }
    std::vector<JsonValue> elements;
    if (const auto found = value.find("children")) {
      if (!found->is(JsonValue::Kind::array)) return refuse("\"children\" is not an array");
      found->each_element([&](JsonValue element) { elements.push_back(element); });
    }
    std::vector<KeyringPointer> children;
    for (const auto& element : elements) {
      TRY_ASSIGN(auto child, build(element, depth + 1));
      children.push_back(std::move(child));
    }
    return keyrings::multi_keyring(std::move(generator), std::move(children));
  }

  const KeyringSources& sources_;
  std::size_t count_ = 0;
  bool has_kms_ = false;
};

}  // namespace

Result<ConfiguredKeyring> keyring_from_json(std::string_view json, const KeyringSources& sources) {
  protocol::JsonReader reader;
  auto value = reader.parse(json);
  if (!value) return refuse(value.error().message);
  Builder builder(sources);
  TRY_ASSIGN(auto keyring, builder.build(*value, 1));
  return ConfiguredKeyring{.keyring = std::move(keyring), .has_kms = builder.has_kms()};
}

}  // namespace keyfold::client
