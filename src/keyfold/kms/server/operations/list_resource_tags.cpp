#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::list_resource_tags>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::ListOfKeyRequest>());
  TRY_ASSIGN(const auto limit, page_limit(request.limit, {.usual = 50, .max = 50}));
  TRY_ASSIGN(const auto key, read_key<op::ListResourceTags>(call, request.key_id));
  TRY_ASSIGN(const auto page, keys::Keys::list_tags(*key, limit, request.marker.value_or("")));
  append_page(call.reply(), "Tags", page, [](protocol::JsonWriter& json, const keys::Tag& tag) {
    json.begin_object().text("TagKey", tag.key).text("TagValue", tag.value).end_object();
  });
  return ok();
}

}  // namespace keyfold::server
