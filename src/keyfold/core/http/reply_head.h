#pragma once
// A reply's status line and headers as bytes.

#include <string>
#include <string_view>

#include "keyfold/core/base/clock.h"
#include "keyfold/core/http/service.h"

namespace keyfold::http {

enum class Persistence : std::uint8_t { keep_alive, close };

std::string_view reason_phrase(int status);

// "Tue, 24 Nov 2026 05:50:00 GMT" (RFC 9110 section 5.6.7), written anew once a second. For one thread.
class DateText {
 public:
  std::string_view at(Timestamp time);

 private:
  std::int64_t second_ = -1;
  char text_[32] = {};
};

// Appends them to `out`, with the empty line; allocates only if `out` must grow.
void append_reply_head(std::string& out, const Reply& reply, Persistence persistence, std::string_view date);

}  // namespace keyfold::http
