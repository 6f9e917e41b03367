#pragma once
// What the address of a PostgreSQL database may say: no password, and nothing that could let one out in clear.

#include <libpq-fe.h>

#include <string>

#include "keyfold/core/base/result.h"

namespace keyfold::keystore {

// Fails with `invalid_input` when libpq cannot read the text, or it holds a password.
Outcome refuse_passwords(const std::string& connection);

// How the database is to be reached, as libpq has settled it: from the text, a service, its environment, its defaults.
struct Route {
  std::string ssl_mode, gss_mode;
  std::string hosts, addresses;  // Lists with commas; those of addresses win.
};
Route route_of(PGconn* connection);

// Fails with `invalid_input` unless encryption is required, or every host is on this machine: a socket, a loopback
// address, or the name localhost. A password is sent as soon as a server asks for one, so this is decided before.
Outcome check_route(const Route& route);

// Whether this host is on this machine. The address that goes with the name decides, where there is one.
bool is_here(std::string_view host, std::string_view address);

}  // namespace keyfold::keystore
