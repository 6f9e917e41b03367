#include "keyfold-kms/offline_admin.h"

#include <unistd.h>

#include "keyfold-kms/data.h"
#include "keyfold/core/base/try.h"
#include "keyfold/kms/server/admin.h"

namespace keyfold::app {

Result<std::string> run_admin(AdminTarget target, std::string_view command) {
  std::error_code unknown;  // Whether it is there: then opening it says why.
  if (!std::filesystem::exists(target.data / "store.sqlite", unknown) && !unknown)
    return Error{ErrorCode::not_found, "no data in " + target.data.native()};
  SystemClock clock;
  SystemRandom random;
  Log log(clock, STDERR_FILENO, Log::Format::text, Log::Level::warning);
  TRY_ASSIGN(const auto data, Data::open({.directory = std::move(target.data),
                                          .root_key = std::move(target.root_key),
                                          .mode = target.mode,
                                          .sync = audit::Sync::always,
                                          .accounts = target.accounts},
                                         {.clock = clock, .random = random, .log = log}));
  if (target.accounts.empty()) {
    TRY_ASSIGN(target.accounts, data->accounts());
  }
  server::Admin admin(data->callers(), data->audit(), data->outbox(), clock, random, target.accounts);
  return admin.execute(command,
                       {.name = "uid " + std::to_string(getuid()), .where = server::Administrator::Where::offline});
}

}  // namespace keyfold::app
