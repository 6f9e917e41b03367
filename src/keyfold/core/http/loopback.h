#pragma once
// Which hosts never leave this machine: where plain HTTP is allowed.

#include <string_view>

namespace keyfold::http {

// True for 127.0.0.0/8 and ::1 written as addresses (brackets allowed), and for "localhost", which we never look up but
// take for 127.0.0.1. Any other name is not, whatever it resolves to.
bool is_loopback(std::string_view host);

}  // namespace keyfold::http
