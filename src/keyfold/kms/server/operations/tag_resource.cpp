#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::tag_resource>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::TagResourceRequest>());
  call.note_tags(request.tags);
  const TagFacts facts(request.tags);
  return change_key<op::TagResource>(
      call, request.key_id,
      [&](auto permit, const OutboxRecord& event) {
        return call.keys().tag(std::move(permit), owned(request.tags), event);
      },
      facts.view());
}

}  // namespace keyfold::server
