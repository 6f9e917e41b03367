#include "keyfold/envelope/keystore/postgresql/address.h"

#include <arpa/inet.h>

#include <cstring>
#include <memory>

#include "keyfold/core/base/try.h"

namespace keyfold::keystore {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const {
    for (auto* option = options; option->keyword != nullptr; ++option)
      if (*option->dispchar == '*' && option->val != nullptr) explicit_bzero(option->val, std::strlen(option->val));
    PQconninfoFree(options);
  }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

// Only as PostgreSQL's client and everybody else read it alike: "127.1" is none.
bool is_loopback(const std::string& address) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
  return inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6) != 0;
}

// Takes what stands before the next comma off the list.
std::string_view take_first(std::string_view& list) {
  const auto first = list.substr(0, list.find(','));
  list.remove_prefix(std::min(first.size() + 1, list.size()));
  return first;
}

bool is_every_host_here(const Route& route) {
  std::string_view hosts = route.hosts, addresses = route.addresses;
  do {
    const auto host = take_first(hosts);
    if (!is_here(host, take_first(addresses))) return false;
  } while (!hosts.empty() || !addresses.empty());
  return true;
}

}  // namespace

Outcome refuse_passwords(const std::string& connection) {
  char* why = nullptr;
  const Options options(PQconninfoParse(connection.c_str(), &why));
  if (options == nullptr) {
    // What libpq says repeats parts of the text, and there may be a password in it.
    PQfreemem(why);
    return Error{ErrorCode::invalid_input, "the database's address cannot be read as PostgreSQL's"};
  }
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    if ((keyword == "password" || keyword == "sslpassword") && option->val != nullptr && *option->val != '\0')
      return Error{ErrorCode::invalid_input,
                   "a password does not belong into the database's address: use a password file (PGPASSFILE)"};
  }
  return ok();
}

Route route_of(PGconn* connection) {
  const Options options(PQconninfo(connection));
  KEYFOLD_CHECK(options != nullptr);  // Only without memory.
  Route route;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    const char* value = option->val == nullptr ? "" : option->val;
    if (keyword == "sslmode") route.ssl_mode = value;
    if (keyword == "gssencmode") route.gss_mode = value;
    if (keyword == "host") route.hosts = value;
    if (keyword == "hostaddr") route.addresses = value;
  }
  return route;
}

Outcome check_route(const Route& route) {
  const bool is_encrypted = route.ssl_mode == "require" || route.ssl_mode == "verify-ca" ||
                            route.ssl_mode == "verify-full" || route.gss_mode == "require";
  if (is_encrypted || is_every_host_here(route)) return ok();
  return Error{ErrorCode::invalid_input, "the database is on another machine, and with sslmode=" + route.ssl_mode +
                                             " a password may go there in clear: leave sslmode out (verify-full)"};
}

bool is_here(std::string_view host, std::string_view address) {
  if (!address.empty()) return is_loopback(std::string(address));
  const bool is_socket = host.empty() || host.front() == '/' || host.front() == '@';
  return is_socket || host == "localhost" || is_loopback(std::string(host));
}

}  // namespace keyfold::keystore
