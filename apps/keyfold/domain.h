#pragma once
// A domain of a topology, as the command line says it.

#include <memory>

#include "keyfold/command_line.h"
#include "keyfold/envelope/keyrings/materials_manager.h"

namespace keyfold::cli {

// In the Region of the connection. Asks nobody anything yet.
Result<std::shared_ptr<keyrings::MaterialsManager>> domain_manager(const DomainOptions& domain,
                                                                   const ConnectionOptions& connection);

}  // namespace keyfold::cli
