#pragma once
// Pipeline: the current that every call runs through, one way: authenticate → decode → find the key → authorize → the
// operation → record → reply. Safe to call from several threads, as http::Service says.

#include <memory>
#include <optional>
#include <vector>

#include "keyfold/core/http/server.h"
#include "keyfold/core/http/service.h"
#include "keyfold/kms/audit/refusals.h"
#include "keyfold/kms/server/call.h"
#include "keyfold/kms/server/iam/iam_table.h"
#include "keyfold/kms/server/metrics.h"

namespace keyfold::server {

// Which callers and Regions this process serves. Empty lists: all.
struct Scope {
  std::vector<AccountId> accounts;
  std::vector<Region> regions;
};

class Pipeline final : public http::Service {
 public:
  // `threads`: http::thread_count of the server that will call. Everything given outlives it.
  Pipeline(Services services, Scope scope, audit::RefusalCounter& refusals, Metrics& metrics, std::size_t threads);
  ~Pipeline() override;

  http::Lane lane_of(const http::Request& request) override;
  http::Release serve(const http::Request& request, http::Reply& reply, std::size_t thread) override;
  void caught_up() override;
  void refuse(const http::Request& request, http::Reply& reply) override;
  void overloaded(const http::Request& request, http::Lane lane, http::Reply& reply) override;
  void malformed(std::string_view reason, http::Reply& reply) override;

 private:
  struct Authenticated {
    identity::Caller caller;
    keys::Place place;
  };
  void begin(http::Reply& reply) const;
  // `service`: SigV4's name of the one that the request must be signed for.
  Result<Authenticated> authenticate(const http::Request& request, std::string_view service) const;
  http::Release record(const http::Request& request, Call& call, const Outcome& outcome, http::Reply& reply);
  // IAM and STS, which share the endpoint: query_pipeline.cpp.
  http::Release serve_query(QueryService service, const http::Request& request, http::Reply& reply, std::size_t thread);

  Services services_;
  const Scope scope_;
  audit::RefusalCounter& refusals_;
  Metrics& metrics_;
  std::vector<std::unique_ptr<Scratch>> scratch_;  // By thread.
};

// Lets the server's replies go when their records are there.
class ReleaseOnRecord final : public audit::Listener {
 public:
  ReleaseOnRecord(http::Server& server, Log& log) : server_(server), log_(log) {}
  void released_up_to(audit::Sequence sequence) override { server_.release_up_to(sequence); }
  void refused_up_to(audit::Sequence sequence, const Error& error) override;

 private:
  http::Server& server_;
  Log& log_;
};

}  // namespace keyfold::server
