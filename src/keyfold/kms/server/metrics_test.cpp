#include "keyfold/kms/server/metrics.h"

#include <gtest/gtest.h>

#include "keyfold/kms/server/server_testing.h"
#include "keyfold/kms/server/status_service.h"

namespace keyfold::server {
namespace {

TEST(Metrics, CountsByOperationAndOutcomeOverThreads) {
  Metrics metrics(2);
  const auto& row = row_of(Operation::encrypt);
  metrics.count(0, &row, CallOutcome::success, std::chrono::microseconds(25));
  metrics.count(1, &row, CallOutcome::success, std::chrono::microseconds(26));
  metrics.count(1, &row, CallOutcome::client_error, std::chrono::seconds(9));
  metrics.count(0, static_cast<const OperationRow*>(nullptr), CallOutcome::client_error, std::chrono::seconds(0));
  metrics.count_refused(1);
  std::string out;
  metrics.append(out);
  for (const std::string_view line : {R"(keyfold_requests_total{operation="Encrypt",outcome="success"} 2)",
                                      R"(keyfold_requests_total{operation="Encrypt",outcome="client_error"} 1)",
                                      R"(keyfold_requests_total{operation="unknown",outcome="client_error"} 1)",
                                      R"(keyfold_request_duration_seconds_bucket{operation="Encrypt",le="2.5e-05"} 1)",
                                      R"(keyfold_request_duration_seconds_bucket{operation="Encrypt",le="5e-05"} 2)",
                                      R"(keyfold_request_duration_seconds_bucket{operation="Encrypt",le="1"} 2)",
                                      R"(keyfold_request_duration_seconds_bucket{operation="Encrypt",le="+Inf"} 3)",
                                      "keyfold_requests_refused_before_authentication_total 1"})
    EXPECT_NE(out.find(std::string(line) + "\n"), std::string::npos) << line << "\nin\n" << out;
}

class Status : public testing::Test {
 protected:
  int get(std::string_view target) { return ask(http::Method::get, target, ""); }
  int ask(http::Method method, std::string_view target, std::string body) {
    reply_.clear();
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = std::as_writable_bytes(std::span(body.data(), body.size()));
    service_.serve(request, reply_, 0);
    return reply_.status;
  }
  Outcome ready_ = ok();
  std::chrono::seconds advanced_{};
  StatusService service_{{.ready = [this] { return ready_; },
                          .metrics = [](std::string& out) { out += "m 1\n"; },
                          .advance = [this](std::chrono::seconds by) -> Outcome {
                            advanced_ += by;
                            return ok();
                          }}};
  http::Reply reply_;
};

TEST_F(Status, IsReadyWhenItCanAnswer) {
  EXPECT_EQ(get("/healthz"), 200);
  EXPECT_EQ(get("/readyz"), 200);
  ready_ = Error{ErrorCode::internal, "the log is full"};
  EXPECT_EQ(get("/readyz"), 503);
  EXPECT_EQ(get("/healthz"), 200);
  EXPECT_EQ(get("/metrics"), 200);
  EXPECT_EQ(get("/"), 404);
}

TEST_F(Status, MovesTheClockForwardOnly) {
  EXPECT_EQ(ask(http::Method::post, "/clock", R"({"advance_seconds":60})"), 200);
  EXPECT_EQ(advanced_, std::chrono::seconds(60));
  for (const char* body :
       {"", "{}", R"({"advance_seconds":-1})", R"({"advance_seconds":"1"})", R"({"advance_seconds":99999999999})"})
    EXPECT_EQ(ask(http::Method::post, "/clock", body), 400) << body;
  EXPECT_EQ(advanced_, std::chrono::seconds(60));
}

}  // namespace
}  // namespace keyfold::server
