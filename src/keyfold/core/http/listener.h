#pragma once
// Opens listening sockets.

#include <vector>

#include "keyfold/core/base/result.h"
#include "keyfold/core/http/descriptor.h"
#include "keyfold/core/http/server.h"

namespace keyfold::http {

// `count` sockets on one address, among which the kernel spreads connections (SO_REUSEPORT). `address` gets the port.
// Fails with `io` when another process listens there, even one that would share; with `invalid_input` for what is no
// address.
Result<std::vector<Descriptor>> listen_on(ListenAddress& address, std::size_t count);

}  // namespace keyfold::http
