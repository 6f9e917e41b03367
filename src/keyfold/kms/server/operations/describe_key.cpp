#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/operations/shared.h"

namespace keyfold::server {

template <>
Outcome run<Operation::describe_key>(Call& call) {
  TRY_ASSIGN(const auto request, call.read<protocol::DescribeKeyRequest>());
  TRY(call.check_grant_tokens(request.grant_tokens));
  TRY_ASSIGN(const auto key, read_key<op::DescribeKey>(call, request.key_id));
  append_metadata(call.reply(), *key);
  return ok();
}

}  // namespace keyfold::server
