#pragma once
// By what a KMS key is known as that of a domain, an environment and a topology: an alias, and three tags that it is
// created with. The alias is for people and programs; the tags tell whose a key is that lost its alias, or has none yet
// because whoever made it was killed.

#include <string>
#include <string_view>

#include "keyfold/lifecycle/topology/document.h"

namespace keyfold::topology {

// Pairs of the encryption context that bind what is sealed to its domain and environment.
inline constexpr std::string_view domain_context_key = "domain";
inline constexpr std::string_view environment_context_key = "environment";
// The same pairs of a branch key, as the KMS sees them: an attribute of its record
// (docs/formats/branch-key-records.md).
inline constexpr std::string_view branch_key_domain_context_key = "aws-crypto-ec:domain";
inline constexpr std::string_view branch_key_environment_context_key = "aws-crypto-ec:environment";

inline constexpr std::string_view tag_prefix = "keyfold:";
inline constexpr std::string_view topology_tag = "keyfold:topology";
inline constexpr std::string_view domain_tag = "keyfold:domain";
inline constexpr std::string_view environment_tag = "keyfold:environment";

std::string alias_prefix(const Topology& topology);                  // "alias/shop/"
AliasName alias_of(const Topology& topology, const Domain& domain);  // "alias/shop/production/payments/cards"
Tags tags_of(const Topology& topology, const Domain& domain);        // The three, and the file's own.
std::string description_of(const Topology& topology, const Domain& domain);
std::string description_end(const Topology& topology);  // With which they all end.
// The logical name of a domain's store of branch keys: "shop/production/payments/cards".
std::string store_name_of(const Topology& topology, const Domain& domain);

// What others may have written, on one line: as in a JSON string.
std::string shown(std::string_view text);
std::string in_quotes(std::string_view text);  // With its quotes.
// For a message: of a long text its beginning.
std::string shortened(std::string_view text);

// `text` with `value` wherever `placeholder` stands.
std::string filled(std::string text, std::string_view placeholder, std::string_view value);

}  // namespace keyfold::topology
