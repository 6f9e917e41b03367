#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::list_key_policies>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::ListOfKeyRequest>());
  TRY_ASSIGN(const auto limit, page_limit(request.limit, {.usual = 100, .max = 1000}));
  TRY_ASSIGN(const auto key, read_key<op::ListKeyPolicies>(call, request.key_id));
  TRY_ASSIGN(const auto page, keys::Keys::list_policies(*key, limit, request.marker.value_or("")));
  append_page(call.reply(), "PolicyNames", page,
              [](protocol::JsonWriter& json, const std::string& name) { json.text(name); });
  return ok();
}

}  // namespace keyfold::server
