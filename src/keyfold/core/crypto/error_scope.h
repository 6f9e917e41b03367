#pragma once
// ErrorScope: what libcrypto notes about a failure stays where it is noted. The thread's next TLS call would take it
// for its own.

#include <openssl/err.h>

namespace keyfold::crypto {

class ErrorScope {
 public:
  ErrorScope() { ERR_set_mark(); }
  ~ErrorScope() { ERR_pop_to_mark(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
};

}  // namespace keyfold::crypto
