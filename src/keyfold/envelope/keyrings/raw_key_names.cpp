#include "keyfold/envelope/keyrings/raw_key_names.h"

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/materials/context_codec.h"
#include "keyfold/envelope/materials/encrypted_data_key.h"

namespace keyfold::keyrings {
namespace {

Outcome check_name(std::string_view what, std::string_view text, std::size_t size_max) {
  if (text.empty() || text.size() > size_max || !materials::is_utf8(text))
    return Error{ErrorCode::invalid_input,
                 "a raw key's " + std::string(what) + " is 1 to " + std::to_string(size_max) + " bytes of UTF-8"};
  return ok();
}

}  // namespace

Outcome check_raw_key_names(std::string_view key_namespace, std::string_view key_name, std::size_t name_size_max) {
  TRY(check_name("namespace", key_namespace, materials::encrypted_data_key_field_max));
  if (key_namespace.starts_with("aws-kms"))
    return Error{ErrorCode::invalid_input, "a raw key's namespace may not start with \"aws-kms\""};
  return check_name("name", key_name, name_size_max);
}

}  // namespace keyfold::keyrings
