#pragma once
// Where libcrypto keeps its own allocations.

namespace keyfold::crypto {

// From here on libcrypto allocates blocks of up to 4 KiB from the secret arena (from the ordinary heap once the arena is full),
// larger ones from the heap, and wipes every block it gives back: cipher contexts hold raw keys. Must be the first call in
// main(), before libcrypto allocates anything; a CHECK otherwise. A no-op under the sanitizers.
void use_wiping_memory();

}  // namespace keyfold::crypto
