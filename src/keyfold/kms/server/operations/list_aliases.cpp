#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::list_aliases>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::ListAliasesRequest>());
  TRY_ASSIGN(const auto limit, page_limit(request.limit, {.usual = 50, .max = 100}));
  TRY(call.authorize<op::ListAliases>());
  std::shared_ptr<const KeyRecord> of;
  if (request.key_id) {
    TRY_ASSIGN(auto found, call.find(*request.key_id));
    of = std::move(found.key);
  }
  TRY_ASSIGN(const auto page, call.keys().list_aliases(call.place(), of.get(), limit, request.marker.value_or("")));
  append_page(call.reply(), "Aliases", page, [](protocol::JsonWriter& json, const keys::Alias& alias) {
    json.begin_object()
        .text("AliasName", alias.name.text())
        .text("AliasArn", alias.arn().text())
        .text("TargetKeyId", alias.target.text())
        .time("CreationDate", alias.created)
        .time("LastUpdatedDate", alias.updated)
        .end_object();
  });
  return ok();
}

}  // namespace keyfold::server
