#pragma once
// What several operations do alike.

#include <span>
#include <string>
#include <vector>

#include "keyfold/core/protocol/json_writer.h"
#include "keyfold/core/protocol/requests.h"
#include "keyfold/kms/policy/fact_list.h"
#include "keyfold/kms/policy/known_keys.h"
#include "keyfold/kms/server/call.h"

namespace keyfold::server {

namespace condition_key = policy::condition_key;

inline constexpr std::string_view default_policy_name = "default";  // The only one there is.
Outcome only_default_policy(const protocol::Text& name);

std::vector<keys::Tag> owned(std::span<const protocol::Tag> tags);
void append_metadata(std::string& out, const KeyRecord& key);

// The condition key of the algorithm; it counts as the default when the request has none.
template <std::size_t max>
void add_algorithm(policy::FactList<max>& facts, const protocol::Text& algorithm) {
  facts.add(condition_key::encryption_algorithm, algorithm.value_or(protocol::symmetric_default));
}

// Fails with `invalid_key_usage` when the algorithm asked for is not the one that symmetric keys have.
Outcome suits_symmetric_key(const protocol::Text& algorithm);
// There are none.
Outcome no_custom_key_store(const protocol::Text& id);
// How long a data key is asked for: exactly one of KeySpec and NumberOfBytes says it.
Result<std::size_t> data_key_size(Call& call, const protocol::GenerateDataKeyRequest& request);

// What a dry run answers when everything was tried and went well: `dry_run_operation`.
Outcome dry_run_succeeded();
// A dry run that got this far, with nothing left to try: that, or what the key's state says.
Outcome dry_run(Call& call, const KeyRecord& key);
// IGNORE_CIPHERTEXT makes sense in a dry run that names the key.
Outcome ignores_ciphertext_properly(bool dry_run, bool ignore, const protocol::Text& key_id, std::string_view member);
// The key that a ciphertext is to be opened with: the one that the caller names or else the one that the ciphertext
// does. What a ciphertext says is not looked at when the caller named a key: is_of does that, once he may use it.
Result<keys::Found> find_for_ciphertext(Call& call, BytesView ciphertext, const protocol::Text& named);
// `incorrect_key` when it is of another key, whether or not there is such a key; the record says which.
// `invalid_ciphertext` when it is no ciphertext.
Outcome is_of(Call& call, BytesView ciphertext, const keys::Found& key);

// Grants are for principals, not for services.
Outcome no_service_principal(const protocol::Text& name);
// A page of ListGrants and of ListRetirableGrants.
void append_grants(std::string& out, const keys::Page<keys::Grant>& page);
// The condition key of a constraint: none when there is no constraint.
std::string_view constraint_type(policy::GrantConstraint::Kind kind);

struct PageLimits {
  std::int64_t usual;  // Without a Limit.
  std::int64_t max;
};
Result<std::size_t> page_limit(const protocol::Integer& asked, PageLimits limits);

// {"<list>":[…],"Truncated":…} with NextMarker when there is more.
template <class Item, class Write>
void append_page(std::string& out, std::string_view list, const keys::Page<Item>& page, Write&& write) {
  protocol::JsonWriter json(out);
  json.begin_object().name(list).begin_array();
  for (const Item& item : page.items) write(json, item);
  json.end_array();
  if (!page.next_marker.empty()) json.text("NextMarker", page.next_marker);
  json.boolean("Truncated", !page.next_marker.empty()).end_object();
}

}  // namespace keyfold::server
