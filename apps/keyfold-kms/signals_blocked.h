#pragma once
// For a stretch that is not to be left half-way: SIGINT, SIGTERM and SIGHUP wait until its end, then do what they do.

#include <csignal>

namespace keyfold::app {

inline constexpr int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

// In the thread that makes it, and those that it starts meanwhile. May be nested.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigemptyset(&all);
    for (const int signal : ending_signals) sigaddset(&all, signal);
    pthread_sigmask(SIG_BLOCK, &all, &former_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t former_;
};

}  // namespace keyfold::app
