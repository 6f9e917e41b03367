#include "keyfold/envelope/client/retry.h"

#include <gtest/gtest.h>

namespace keyfold::client {
namespace {

TEST(Pause, StaysWithinItsBoundsAndDoubles) {
  SeededRandom random(7);
  for (unsigned attempt = 1; attempt <= 40; ++attempt) {
    const auto longest = std::min<std::int64_t>(50LL << std::min(attempt - 1, 16U), 2000);
    std::int64_t seen = 0;
    for (int i = 0; i < 200; ++i) {
      const auto pause = pause_before_retry(attempt, std::chrono::milliseconds(50), random).count();
      ASSERT_GE(pause, 0);
      ASSERT_LE(pause, longest);
      seen = std::max(seen, pause);
    }
    EXPECT_GT(seen, longest / 2);
  }
}

TEST(Transient, TellsLaterFromNever) {
  for (const auto code :
       {ErrorCode::unavailable, ErrorCode::io, ErrorCode::throttling, ErrorCode::internal, ErrorCode::key_unavailable})
    EXPECT_TRUE(is_transient(code));
  for (const auto code : {ErrorCode::access_denied, ErrorCode::disabled, ErrorCode::not_found,
                          ErrorCode::invalid_ciphertext, ErrorCode::authentication, ErrorCode::validation})
    EXPECT_FALSE(is_transient(code));
}

}  // namespace
}  // namespace keyfold::client
