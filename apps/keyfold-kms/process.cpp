#include "keyfold-kms/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "keyfold/core/crypto/memory.h"

namespace keyfold::app {
namespace {

sigset_t waited_for() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void harden_process() {
  crypto::use_wiping_memory();
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  KEYFOLD_CHECK(setrlimit(RLIMIT_CORE, &none) == 0);
  KEYFOLD_CHECK(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
  const sigset_t set = waited_for();
  KEYFOLD_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  std::signal(SIGPIPE, SIG_IGN);
}

Signal wait_for_signal() {
  const sigset_t set = waited_for();
  int signal = 0;
  while (sigwait(&set, &signal) != 0) {
  }
  return signal == SIGHUP ? Signal::reload : Signal::stop;
}

int fail(const Error& error) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, error.message.c_str());
  return 1;
}

}  // namespace keyfold::app
