#pragma once
// Instance: a serving KMS over opened data: listeners, pipeline, scheduler, metrics, admin socket. What both mains
// start.

#include <memory>
#include <optional>
#include <string>

#include "keyfold-kms/data.h"
#include "keyfold/core/http/server.h"
#include "keyfold/kms/audit/refusals.h"
#include "keyfold/kms/policy/permit.h"
#include "keyfold/kms/server/admin_socket.h"
#include "keyfold/kms/server/configuration.h"
#include "keyfold/kms/server/metrics.h"
#include "keyfold/kms/server/pipeline.h"
#include "keyfold/kms/server/scheduler.h"
#include "keyfold/kms/server/status_service.h"

namespace keyfold::app {

class Instance {
 public:
  struct Options {
    server::Configuration configuration;
    server::Scope scope;            // Whom and where it serves.
    const Clock* signature_clock;   // Not null.
    VirtualClock* clock = nullptr;  // POST /clock moves it; null: there is none.
  };
  // Binds and serves. `data` and what `world` refers to outlive it. Fails as http::open_server does, and with `io`.
  static Result<std::unique_ptr<Instance>> start(Options options, Data& data, World world);
  ~Instance();  // As stop().
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Finishes the calls in flight, then closes. May be called more than once.
  void stop();
  void reload_tls();
  std::string endpoint() const;  // "http://127.0.0.1:41234"
  std::string metrics() const;   // Likewise, of the metrics listener.

 private:
  Instance(Options options, Data& data, World world);
  Outcome open();
  Outcome record(std::string_view event_name);
  void append_metrics(std::string& out) const;
  Outcome write_ready_file() const;
  server::StatusService::Sources status_sources();

  const Options options_;
  Data& data_;
  const World world_;
  const http::ServerOptions http_options_;
  audit::RefusalCounter refusals_;
  server::Metrics metrics_;
  server::Pipeline pipeline_;
  policy::Maintenance maintenance_;
  server::Scheduler scheduler_;
  server::StatusService status_;
  server::Admin admin_;
  std::unique_ptr<http::Server> http_;
  std::unique_ptr<http::Server> status_http_;
  std::unique_ptr<server::ReleaseOnRecord> release_;
  std::unique_ptr<server::AdminSocket> admin_socket_;
  bool serving_ = false;
};

}  // namespace keyfold::app
