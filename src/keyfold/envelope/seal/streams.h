#pragma once
// Messages that come from a Source and go to a Sink, with several threads at work: see Envelope::seal and open.

#include "keyfold/core/base/random.h"
#include "keyfold/envelope/seal/sink.h"
#include "keyfold/envelope/seal/source.h"
#include "keyfold/envelope/seal/start.h"

namespace keyfold::seal {

Result<MessageInfo> seal_from(keyrings::MaterialsManager& manager, Random& random, Source& plaintext, Sink& sealed,
                              const SealOptions& options);
Result<MessageInfo> open_from(keyrings::MaterialsManager& manager, Source& sealed, Sink& plaintext,
                              const OpenOptions& options);

}  // namespace keyfold::seal
