#pragma once
// Sources of what another Source gives, sealed or opened: see Envelope::sealing and opening.

#include <memory>

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/keyrings/materials_manager.h"
#include "keyfold/envelope/seal/options.h"
#include "keyfold/envelope/seal/source.h"

namespace keyfold::seal {

Result<std::unique_ptr<Source>> sealing_source(keyrings::MaterialsManager& manager, Random& random, Source& plaintext,
                                               const SealOptions& options);
std::unique_ptr<Source> opening_source(std::shared_ptr<keyrings::MaterialsManager> manager, Source& sealed,
                                       const OpenOptions& options);

}  // namespace keyfold::seal
