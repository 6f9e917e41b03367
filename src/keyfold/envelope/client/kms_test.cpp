// Which calls are made again: one that certainly was not done, whatever it would have done.

#include "keyfold/envelope/client/kms.h"

#include <gtest/gtest.h>

#include <atomic>

#include "keyfold/core/http/test_peer.h"

namespace keyfold::client {
namespace {

using http::test::Running;

// Fails the first `failures` calls with this.
class Failing : public ::testing::Test {
 protected:
  void start(int status, std::string_view error_type, int failures) {
    server_.service.on_serve = [this, status, error_type, failures](const http::Request&, http::Reply& reply,
                                                                    std::size_t) {
      if (++calls_ <= failures) {
        reply.status = status;
        reply.error_type = error_type;
      }
      reply.body.append("{}");
      return http::Release::at_once();
    };
    server_.start();
  }
  Result<std::string> create_key() {
    const auto kms = connect_kms({.endpoint_url = "http://127.0.0.1:" + std::to_string(server_.port()),
                                  .region = *Region::parse("eu-central-1"),
                                  .ca_file = {},
                                  .credentials = {.access_key_id = "AKIAEXAMPLE",
                                                  .secret_access_key = *SecretBytes::copy_of(as_bytes("invented")),
                                                  .session_token = {}}},
                                 {.first_pause_max = std::chrono::milliseconds(1)});
    if (!kms) return kms.error();
    return (*kms)->call("CreateKey", "{}");
  }
  std::atomic<int> calls_ = 0;
  Running server_;
};

TEST_F(Failing, AThrottledChangeIsTriedAgain) {
  start(400, "ThrottlingException", 2);
  const auto reply = create_key();
  EXPECT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(calls_, 3);
}

TEST_F(Failing, AThrottledChangeIsGivenUpOnInTheEnd) {
  start(400, "ThrottlingException", 1'000);
  EXPECT_EQ(create_key().error().code, ErrorCode::unavailable);
  EXPECT_EQ(calls_, 3);
}

TEST_F(Failing, AChangeThatMayHaveBeenDoneIsNot) {
  start(500, "KMSInternalException", 1);
  EXPECT_EQ(create_key().error().code, ErrorCode::unavailable);
  EXPECT_EQ(calls_, 1);
}

TEST_F(Failing, AChangeThatWasRefusedIsNot) {
  start(400, "AccessDeniedException", 1);
  EXPECT_EQ(create_key().error().code, ErrorCode::access_denied);
  EXPECT_EQ(calls_, 1);
}

}  // namespace
}  // namespace keyfold::client
