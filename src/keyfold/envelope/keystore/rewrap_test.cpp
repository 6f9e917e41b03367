// Rewrapping: which records are tried, and what becomes of those that others change or nobody can open.

#include "keyfold/envelope/keystore/rewrap.h"

#include "keyfold/envelope/keystore/key_store_test.h"

namespace keyfold::keystore {
namespace {

using namespace keyfold::keystore::testing;

class Rewrap : public Store {
 protected:
  void SetUp() override {
    auto one = store();
    for (const auto* id : {"a", "b", "c"}) ASSERT_TRUE(one.create({.id = id, .context = {{"x", "y"}}}));
    for (int i = 0; i < 110; ++i) ASSERT_TRUE(one.rotate("b"));
    kms_->decrypted = 0;
  }
  Result<RewrapSummary> run(const std::optional<std::string>& id = {}) {
    steps_.clear();
    return rewrap(*records_, wrapping(), id, [&](const RewrapStep& step) {
      steps_.emplace_back(step.record.branch_key_id + " " + step.record.type, step.error);
    });
  }
  std::vector<std::pair<std::string, std::optional<Error>>> steps_;
};

TEST_F(Rewrap, WrapsEveryRecordAnewWithoutDecryptingAny) {
  const auto before = good(records_->scan({}, 1000));
  const auto done = run();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->rewrapped, before.size());
  EXPECT_EQ(done->failed, 0U);
  EXPECT_FALSE(done->stopped);
  EXPECT_EQ(steps_.size(), before.size());
  EXPECT_EQ(kms_->decrypted, 0);
  const auto after = good(records_->scan({}, 1000));
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_NE(after[i].wrapped_key, before[i].wrapped_key);
    auto same = after[i];
    same.wrapped_key = before[i].wrapped_key;
    EXPECT_EQ(same, before[i]);
    EXPECT_TRUE(*wrapping().unwrap(after[i]) == *wrapping().unwrap(before[i]));
  }
}

TEST_F(Rewrap, OfOneBranchKeyLeavesTheOthersAlone) {
  const auto a = record("a", active_type);
  const auto c = record("c", active_type);
  const auto done = run("b");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->rewrapped, 113U);
  EXPECT_EQ(record("a", active_type), a);
  EXPECT_EQ(record("c", active_type), c);
  EXPECT_EQ(run("a")->rewrapped, 3U);
  EXPECT_EQ(code(run("nobody")), ErrorCode::not_found);
}

TEST_F(Rewrap, GoesOnAfterARecordThatIsRefused) {
  auto bad = record("a", beacon_type);
  bad.create_time.back() = 'z';
  records_->put(bad);
  const auto done = run();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, 1U);
  EXPECT_EQ(done->rewrapped, count() - 1);
  EXPECT_FALSE(done->stopped);
  ASSERT_TRUE(steps_[0].second);
  EXPECT_EQ(steps_[0].first, "a beacon:ACTIVE");
  EXPECT_EQ(steps_[0].second->code, ErrorCode::invalid_ciphertext);
}

TEST_F(Rewrap, GoesOnAfterARecordThatIsNone) {
  const auto all = good(records_->scan({}, 1000));
  auto bad = record("b", active_type);
  bad.create_time.clear();
  records_->put(bad);
  const auto done = run();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, 1U);
  EXPECT_EQ(done->rewrapped, all.size() - 1);
  EXPECT_FALSE(done->stopped);
  const auto failed = std::ranges::find_if(steps_, [](const auto& step) { return step.second.has_value(); });
  ASSERT_NE(failed, steps_.end());
  EXPECT_EQ(failed->first, "b branch:ACTIVE");
  EXPECT_EQ(failed->second->code, ErrorCode::corrupt);
  EXPECT_EQ(run("a")->rewrapped, 3U);
  EXPECT_EQ(run("b")->failed, 1U);
  for (auto each : all) {  // To the end, also where a page ends with one.
    each.create_time.clear();
    records_->put(each);
  }
  EXPECT_EQ(run()->failed, all.size());
  EXPECT_EQ(run("b")->failed, 113U);
}

TEST_F(Rewrap, StopsWhenNobodyAnswersAndMayBeRunAgain) {
  for (const auto silence : {ErrorCode::unavailable, ErrorCode::throttling, ErrorCode::dependency_timeout,
                             ErrorCode::key_unavailable, ErrorCode::io}) {
    kms_->failure = Error{silence, "nobody there"};
    const auto stopped = run();
    ASSERT_TRUE(stopped);
    ASSERT_TRUE(stopped->stopped);
    EXPECT_EQ(stopped->stopped->code, silence);
    EXPECT_EQ(steps_.size(), 1U);
  }
  for (const auto answer : {ErrorCode::internal, ErrorCode::access_denied, ErrorCode::disabled}) {
    kms_->failure = Error{answer, "no"};
    EXPECT_FALSE(run()->stopped);
    EXPECT_EQ(steps_.size(), count());
  }
  kms_->failure.reset();
  EXPECT_EQ(run()->rewrapped, count());
}

TEST_F(Rewrap, TakesWhatARotationMeanwhileHasWrittenAndDoesNotUndoIt) {
  keyrings::BranchKeyVersion version{};
  int writes = 0;
  records_->before_write = [&] {
    if (++writes != 2) return;  // The active record of "a": beacon, active, version.
    version = *store().rotate("a");
  };
  const auto done = run();
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, 0U);
  EXPECT_EQ((*store().active("a"))->version, version);
  for (const auto& each : good(records_of(*records_, "a"))) EXPECT_TRUE(wrapping().unwrap(each));
}

TEST_F(Rewrap, GivesUpOnARecordThatNeverStandsStill) {
  bool inside = false;
  records_->before_write = [&] {
    if (inside) return;
    inside = true;
    ASSERT_TRUE(rewrap(*records_, wrapping(), "a", [](const RewrapStep&) {}));
    inside = false;
  };
  const auto done = run("a");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->failed, 3U);
  EXPECT_EQ(steps_[0].second->code, ErrorCode::conflict);
  for (const auto& each : good(records_of(*records_, "a"))) EXPECT_TRUE(wrapping().unwrap(each));
}

}  // namespace
}  // namespace keyfold::keystore
