#pragma once
// StatusService: what the metrics listener serves, loopback only: /healthz (the process lives), /readyz (it can answer
// calls: the audit log can be written), /metrics (Prometheus). Without authentication, so nothing here is secret or
// changes anything; the development server adds POST /clock.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "keyfold/core/base/result.h"
#include "keyfold/core/http/service.h"

namespace keyfold::server {

class StatusService final : public http::Service {
 public:
  struct Sources {
    std::function<Outcome()> ready;  // Why it is not, otherwise.
    std::function<void(std::string& out)> metrics;
    std::function<Outcome(std::chrono::seconds by)> advance;  // The virtual clock; empty: there is none.
  };
  explicit StatusService(Sources sources) : sources_(std::move(sources)) {}

  // Looking at the log may wait for its lock.
  http::Lane lane_of(const http::Request&) override { return http::Lane::slow; }
  http::Release serve(const http::Request& request, http::Reply& reply, std::size_t thread) override;
  void refuse(const http::Request&, http::Reply&) override {}  // Nothing here is held.
  void overloaded(const http::Request&, http::Lane, http::Reply& reply) override { reply.status = 503; }

 private:
  void advance_clock(const http::Request& request, http::Reply& reply);
  const Sources sources_;
};

}  // namespace keyfold::server
