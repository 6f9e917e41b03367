#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::list_keys>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::ListKeysRequest>());
  TRY_ASSIGN(const auto limit, page_limit(request.limit, {.usual = 100, .max = 1000}));
  TRY(call.authorize<op::ListKeys>());
  keys::Page<KeyArn> page;  // Nobody shares keys with anybody here, so ResourceOwners without SELF finds none.
  if (!request.other_accounts_only) {
    TRY_ASSIGN(page, call.keys().list_keys(call.place(), limit, request.marker.value_or("")));
  }
  append_page(call.reply(), "Keys", page, [](protocol::JsonWriter& json, const KeyArn& arn) {
    json.begin_object().text("KeyId", key_id_of(arn).text()).text("KeyArn", arn.text()).end_object();
  });
  return ok();
}

}  // namespace keyfold::server
