#pragma once
// What a server's process does about itself: memory, core dumps, signals, and how it fails.

#include "keyfold/core/base/log.h"
#include "keyfold/core/base/result.h"

namespace keyfold::app {

// The first call in main(): before libcrypto allocates, before there is a thread. No core dumps, no debugger of the
// same user, libcrypto's memory wiped; the signals of wait_for_signal are held back in every thread.
void harden_process();

enum class Signal : std::uint8_t { stop, reload };
Signal wait_for_signal();  // SIGTERM or SIGINT; SIGHUP.

// One line on stderr, after the program's name, that says what to do about it; the exit code.
int fail(const Error& error);

}  // namespace keyfold::app
