#pragma once
// Records in a PostgreSQL database: for several machines. A target of its own, keyfold::keystore_postgresql, so that
// nobody else links libpq.

#include <chrono>

#include "keyfold/envelope/keystore/record_store.h"

namespace keyfold::keystore {

// Each takes what libpq takes (PostgreSQL manual, "Connection Strings"): "postgresql://keys@db.example/keys", or
// "host=… dbname=…"; and, as libpq does, the rest from PGHOST, PGPASSFILE, PGSERVICE and so on. A password in the text
// is refused, for it would stand on command lines and in logs: put it in a password file.
//
// The server must show a certificate that verifies for its name (sslmode=verify-full), unless the text says otherwise;
// but no password and no record goes to another machine in clear: an address with sslmode=disable, allow or prefer is
// refused unless every host in it is a socket, a loopback address or localhost. Fails with `invalid_input` for what
// will not do; with `access_denied` also when the login is refused, there is no such database, or its certificate is
// not trusted; with `unavailable` or `io` as RecordStore does.

// How long a call may take, whatever it waits for: a connection, the database, other calls. Then it is `unavailable`.
// Looking up a host's name has its own limits; connect_timeout is not looked at.
inline constexpr std::chrono::milliseconds postgresql_patience{12'000};

// Makes the two tables in the schema that the user's search_path names first. Fails with `already_exists`.
Outcome init_postgresql_records(const std::string& connection, const std::string& logical_name);

// Fails with `not_found` when the tables have not been made; with `invalid_input` when they are of another version, or
// of a store with another logical name. Commits are on disk even where the database is set up to answer sooner.
Result<std::shared_ptr<RecordStore>> open_postgresql_records(const std::string& connection,
                                                             const std::string& logical_name,
                                                             std::chrono::milliseconds patience = postgresql_patience);

// Whether it names a PostgreSQL database: "postgres://…" or "postgresql://…".
bool is_postgresql_address(std::string_view text);

}  // namespace keyfold::keystore
