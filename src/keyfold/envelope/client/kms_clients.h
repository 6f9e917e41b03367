#pragma once
// KMSs over HTTP, one client to a Region, made when it is first asked for and kept as long as it is used.
//
//   auto clients = keyfold::client::connect_kms_by_region(*keyfold::client::aws_settings(), {});
//   auto keyring = keyfold::kms_mrk_multi_keyring(**clients, generator, children);

#include <map>

#include "keyfold/envelope/client/kms.h"

namespace keyfold::client {

// Where each Region's KMS is, when it is not where the settings say: "https://kms.eu-west-1.example".
using RegionalEndpoints = std::map<std::string, std::string, std::less<>>;

// So many Regions have a client at once: messages may name some that nobody has. Beyond that the one that was used
// least recently goes, and is made anew when it is asked for.
inline constexpr std::size_t kms_regions_max = 64;

// Where the KMS of a Region is: as `endpoints` says; else AWS's own of that Region, when the settings' endpoint is
// AWS's own of theirs; else at the settings' endpoint, which then serves several Regions, as a keyfold-kms does.
Result<std::string> endpoint_in_region(const AwsSettings& settings, const RegionalEndpoints& endpoints,
                                       const Region& region);

// For every Region the settings' credentials and authorities, and the endpoint above. Opens no connection yet. Fails
// with `invalid_input`: a malformed endpoint or Region name.
//
// in_region() fails as connect_kms() does, and with `invalid_input` for what is no Region name.
Result<std::shared_ptr<keyrings::KmsClients>> connect_kms_by_region(AwsSettings settings, RegionalEndpoints endpoints,
                                                                    const KmsOptions& options = {});

// What a failover keyring wants of its clients: one try, and no waiting beyond `timeout` for connection or answer.
// Within it must fit three to four round trips when TLS begins anew, one when it does not: to a Region on the same
// continent 250 ms is plenty, to one across an ocean it is not.
inline constexpr std::chrono::milliseconds failover_timeout_default{250};
KmsOptions failover_kms_options(std::chrono::milliseconds timeout = failover_timeout_default);

}  // namespace keyfold::client
