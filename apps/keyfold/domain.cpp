#include "keyfold/domain.h"

#include <filesystem>

#include "keyfold/connection.h"
#include "keyfold/core/base/try.h"
#include "keyfold/lifecycle/topology/calls.h"
#include "keyfold/lifecycle/topology/domain.h"

namespace keyfold::cli {
namespace {

// Branch keys are under a key, not under whichever an alias names next: so whoever opens their store asks which it is.
Result<std::string> key_named_by(const ConnectionOptions& connection, const std::string& alias) {
  TRY_ASSIGN(const auto kms, connect(connection, alias));
  TRY_ASSIGN(const auto reply,
             topology::ask(*kms, "DescribeKey", topology::request_of("KeyId", alias), topology::sleep_for));
  const auto metadata = reply.object().find("KeyMetadata");
  std::string arn;
  if (metadata && metadata->is(protocol::JsonValue::Kind::object)) arn = metadata->text_of("Arn");
  if (arn.empty())
    return Error{ErrorCode::serialization, "DescribeKey: the KMS did not say which key " + alias + " is"};
  return arn;
}

}  // namespace

Result<std::shared_ptr<keyrings::MaterialsManager>> domain_manager(const DomainOptions& domain,
                                                                   const ConnectionOptions& connection) {
  TRY_ASSIGN(const auto topology, topology::read_topology(domain.topology_file));
  TRY_ASSIGN(auto settings, client::aws_settings(overrides_in(connection, "")));
  const std::string region(settings.region.text());
  TRY_ASSIGN(auto kms, client::connect_kms(std::move(settings)));
  const auto folder = std::filesystem::path(domain.topology_file).parent_path();
  return topology::open_domain(topology, {.environment = domain.environment, .domain = domain.domain, .region = region},
                               {.kms = std::move(kms),
                                .branch_keys = [connection, folder](client::BranchKeyStoreWanted wanted)
                                    -> Result<std::shared_ptr<keyrings::BranchKeyStore>> {
                                  TRY_ASSIGN(wanted.key, key_named_by(connection, wanted.key));
                                  return open_branch_keys(connection, folder, std::move(wanted));
                                }});
}

}  // namespace keyfold::cli
