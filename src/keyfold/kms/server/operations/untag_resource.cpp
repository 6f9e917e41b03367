#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::untag_resource>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::UntagResourceRequest>());
  call.note_tag_keys(request.tag_keys);
  const std::vector<std::string> tag_keys(request.tag_keys.begin(), request.tag_keys.end());
  using Changed = Result<keys::Keys::Record>;
  const TagFacts facts(request.tag_keys);
  return change_key<op::UntagResource>(
      call, request.key_id,
      [&](auto permit, const OutboxRecord& event) -> Changed {
        // No key has more, and the record is to have all that are taken away.
        if (tag_keys.size() > keys::tags_max) return Error{ErrorCode::tag, "Too many tags"};
        return call.keys().untag(std::move(permit), tag_keys, event);
      },
      facts.view());
}

}  // namespace keyfold::server
