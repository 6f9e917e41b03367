#pragma once
// The materials manager that binds messages to a domain and an environment, in front of another: see open_domain().

#include <memory>

#include "keyfold/envelope/keyrings/materials_manager.h"
#include "keyfold/lifecycle/topology/document.h"

namespace keyfold::topology {

// `manager` may not be null (CHECK).
std::shared_ptr<keyrings::MaterialsManager> domain_materials_manager(
    std::shared_ptr<keyrings::MaterialsManager> manager, const Domain& domain);

}  // namespace keyfold::topology
