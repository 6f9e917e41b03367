#include "keyfold/kms/keys/grant.h"

#include <utility>

namespace keyfold::keys {
namespace {

policy::GrantPrincipal principal_of(std::string_view arn) {
  const auto principal = policy::GrantPrincipal::parse(arn);
  KEYFOLD_CHECK(principal.has_value());
  return *principal;
}

}  // namespace

GrantRecord::GrantRecord(const KeyArn& key, const GrantId& id, NewGrant what, Timestamp created, std::uint64_t epoch)
    : key_(key),
      what_(std::move(what)),
      created_(created),
      epoch_(epoch),
      record_id_(std::string(key_id_of(key).text()).append(".").append(id.text())),
      label_("grant " + std::string(id.text())) {
  for_policy_ = {.label = label_,
                 .grantee = principal_of(what_.grantee),
                 .retiring = {},
                 .terms = {.operations = what_.operations, .constraint = {.kind = what_.constraint}}};
  for_policy_.terms.constraint.pairs = what_.pairs.view(pairs_);
  if (!what_.retiring.empty()) for_policy_.retiring = principal_of(what_.retiring);
}

GrantId GrantRecord::id() const {
  const auto id = GrantId::parse(for_policy_.id());
  KEYFOLD_CHECK(id.has_value());
  return *id;
}

}  // namespace keyfold::keys
