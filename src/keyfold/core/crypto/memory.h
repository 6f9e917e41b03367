#pragma once
// Where libcrypto keeps its own allocations.

namespace keyfold::crypto {

// From here on libcrypto allocates blocks of up to 4 KiB from the secret arena (from the ordinary heap once it has
// taken half of the arena's default size, or the arena is full), larger ones from the heap, and wipes every block it
// gives back: cipher contexts hold raw keys. Must be the first call in main(), before libcrypto allocates anything; a
// CHECK otherwise. A forked child must not use libcrypto: the arena is wiped there. A no-op under the sanitizers.
void use_wiping_memory();

}  // namespace keyfold::crypto
