#include "keyfold/envelope/keyrings/failover.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "keyfold/envelope/keyrings/fake_regions_test.h"
#include "keyfold/envelope/keyrings/kms_mrk.h"
#include "keyfold/envelope/keyrings/materials_test.h"
#include "keyfold/envelope/keyrings/multi.h"
#include "keyfold/envelope/keyrings/raw_aes.h"

namespace keyfold::keyrings {
namespace {

using namespace keyfold::keyrings::testing;
using std::chrono::milliseconds;

const std::string frankfurt = "eu-central-1";
const std::string dublin = "eu-west-1";
const std::string virginia = "us-east-1";

KmsKeyArn arn(std::string_view text) { return *KmsKeyArn::parse(text); }

class Failover : public ::testing::Test {
 protected:
  std::shared_ptr<FakeRegions> regions = std::make_shared<FakeRegions>(
      std::vector{mrk_in(frankfurt), mrk_in(dublin), mrk_in(virginia), key_in(frankfurt), key_in(dublin)});
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  FailoverOptions options{.losses_max = 3, .pause = milliseconds(1000), .retry_budget = 100};

  std::shared_ptr<const Keyring> over(const std::vector<std::string>& arns) {
    std::vector<KmsKeyArn> keys;
    for (const auto& text : arns) keys.push_back(arn(text));
    auto made = failover_keyring(*regions, std::move(keys), options,
                                 {.clock = clock, .random = std::make_shared<SeededRandom>(7)});
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  std::shared_ptr<const Keyring> over_two() { return over({mrk_in(frankfurt), mrk_in(dublin)}); }
  // The key's ARN that it was sealed under; the code when it was not.
  std::string seal(const Keyring& keyring) {
    auto sealed = fresh();
    const auto done = keyring.on_encrypt(sealed);
    if (!done) {
      EXPECT_TRUE(sealed.data_key.empty());
      EXPECT_TRUE(sealed.encrypted_data_keys.empty());
      return done.error().code == ErrorCode::unavailable ? "unavailable" : "another error";
    }
    EXPECT_EQ(sealed.encrypted_data_keys.size(), 1U);
    EXPECT_EQ(sealed.encrypted_data_keys[0].provider_id, "aws-kms");
    return std::string(as_text(sealed.encrypted_data_keys[0].provider_info));
  }
  materials::EncryptionMaterials sealed_in(const std::string& region) {
    auto sealed = fresh();
    EXPECT_TRUE(kms_mrk_keyring(*regions->in_region(region), arn(mrk_in(region)))->on_encrypt(sealed));
    return sealed;
  }
  int calls(const std::string& region) { return regions->calls(region).all(); }
};

TEST_F(Failover, SealsInTheFirstRegionWhileItAnswers) {
  const auto keyring = over_two();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(seal(*keyring), mrk_in(frankfurt));
  EXPECT_EQ(calls(dublin), 0);
}

TEST_F(Failover, SealsInTheNextRegionWhenOneDoesNotAnswer) {
  for (const auto code : {ErrorCode::unavailable, ErrorCode::throttling, ErrorCode::dependency_timeout,
                          ErrorCode::key_unavailable, ErrorCode::io}) {
    const auto keyring = over_two();
    regions->fail(frankfurt, Error{code, "gone"});
    EXPECT_EQ(seal(*keyring), mrk_in(dublin));
  }
}

TEST_F(Failover, TakesAnAnswerForFinalWhateverItIs) {
  const auto sealed = sealed_in(frankfurt);
  const int before = calls(dublin);
  for (const auto code :
       {ErrorCode::access_denied, ErrorCode::disabled, ErrorCode::not_found, ErrorCode::invalid_state,
        ErrorCode::invalid_ciphertext, ErrorCode::incorrect_key, ErrorCode::authentication, ErrorCode::internal}) {
    const auto keyring = over_two();
    regions->fail(frankfurt, Error{code, "says the KMS"});
    auto fresh_ones = fresh();
    for (int i = 0; i < 5; ++i) {
      const auto done = keyring->on_encrypt(fresh_ones);
      EXPECT_EQ(testing::code(done), code);
      EXPECT_NE(done.error().message.find(mrk_in(frankfurt) + ": says the KMS"), std::string::npos);
      EXPECT_EQ(testing::code(unwrap(*keyring, sealed)), code);
    }
  }
  EXPECT_EQ(calls(dublin), before);
}

TEST_F(Failover, WrapsAnotherKeyringsDataKeyToo) {
  const auto keyring = *multi_keyring(*raw_aes_keyring({"n", "k", *SecretBytes::zeroed(32)}), {over_two()});
  regions->lose(frankfurt);
  auto sealed = fresh();
  ASSERT_TRUE(keyring->on_encrypt(sealed));
  EXPECT_EQ(as_text(sealed.encrypted_data_keys[1].provider_info), mrk_in(dublin));
  EXPECT_EQ(regions->calls(dublin).encrypted, 1);
  EXPECT_TRUE(*unwrap(*over_two(), sealed) == sealed.data_key);
}

TEST_F(Failover, WhatItSealedAnyMrkAwareKeyringOpens) {
  const auto keyring = over_two();
  for (const bool is_lost : {false, true}) {
    if (is_lost) regions->lose(frankfurt);
    auto sealed = fresh();
    ASSERT_TRUE(keyring->on_encrypt(sealed));
    regions->restore(frankfurt);
    for (const auto& region : {frankfurt, dublin, virginia}) {
      const auto plain = kms_mrk_keyring(*regions->in_region(region), arn(mrk_in(region)));
      EXPECT_TRUE(*unwrap(*plain, sealed) == sealed.data_key) << region;
    }
  }
}

TEST_F(Failover, OpensInTheKeysOwnRegionFirstThenInARelatedOne) {
  const auto sealed = sealed_in(dublin);
  const auto keyring = over_two();
  EXPECT_TRUE(*unwrap(*keyring, sealed) == sealed.data_key);
  EXPECT_EQ(calls(frankfurt), 0);
  regions->lose(dublin);
  EXPECT_TRUE(*unwrap(*keyring, sealed) == sealed.data_key);
  EXPECT_EQ(regions->calls(frankfurt).decrypted, 1);
}

TEST_F(Failover, OpensWhatTheSameKeySealedInARegionThatItDoesNotKnow) {
  const auto sealed = sealed_in(virginia);
  EXPECT_TRUE(*unwrap(*over_two(), sealed) == sealed.data_key);
  EXPECT_EQ(regions->calls(frankfurt).decrypted, 1);
  EXPECT_EQ(regions->calls(virginia).decrypted, 0);
}

TEST_F(Failover, KeysThatAreNotRelatedOpenOnlyTheirOwn) {
  const auto keyring = over({key_in(frankfurt), key_in(dublin)});
  regions->lose(frankfurt);
  EXPECT_EQ(seal(*keyring), key_in(dublin));
  auto sealed = fresh();
  ASSERT_TRUE(keyring->on_encrypt(sealed));
  regions->restore(frankfurt);
  regions->lose(dublin);
  EXPECT_EQ(code(unwrap(*keyring, sealed)), ErrorCode::unavailable);
  EXPECT_EQ(regions->calls(frankfurt).decrypted, 0);
  EXPECT_EQ(code(unwrap(*keyring, sealed_in(frankfurt))), ErrorCode::incorrect_key) << "another key altogether";
}

TEST_F(Failover, LeavesARegionAloneAfterSomeLossesAndLooksAgainAfterThePause) {
  const auto keyring = over_two();
  regions->lose(frankfurt);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seal(*keyring), mrk_in(dublin));
  EXPECT_EQ(calls(frankfurt), 3);
  clock->advance(milliseconds(1500));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seal(*keyring), mrk_in(dublin));
  EXPECT_EQ(calls(frankfurt), 4) << "one probe";
  regions->restore(frankfurt);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seal(*keyring), mrk_in(dublin)) << "before the pause is over";
  clock->advance(milliseconds(1500));
  EXPECT_EQ(seal(*keyring), mrk_in(frankfurt));
  EXPECT_EQ(seal(*keyring), mrk_in(frankfurt));
}

TEST_F(Failover, SealingAndOpeningLearnFromEachOther) {
  const auto keyring = over_two();
  const auto sealed = sealed_in(frankfurt);
  regions->lose(frankfurt);
  const int before = calls(frankfurt);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(unwrap(*keyring, sealed));
  EXPECT_EQ(seal(*keyring), mrk_in(dublin));
  EXPECT_EQ(calls(frankfurt), before + 3);
}

TEST_F(Failover, WhenNoRegionAnswersItSaysWhatEachSaid) {
  const auto keyring = over({mrk_in(frankfurt), mrk_in(dublin), mrk_in(virginia)});
  const auto sealed = sealed_in(frankfurt);
  regions->fail(frankfurt, Error{ErrorCode::unavailable, "no connection"});
  regions->fail(dublin, Error{ErrorCode::throttling, "slow down"});
  regions->fail(virginia, Error{ErrorCode::io, "it broke"});
  for (int i = 0; i < 5; ++i) {  // Before the breakers open, and after.
    auto none = fresh();
    const auto done = keyring->on_encrypt(none);
    const auto opened = unwrap(*keyring, sealed);
    for (const auto& error : {done ? Error{} : done.error(), opened ? Error{} : opened.error()}) {
      EXPECT_EQ(error.code, ErrorCode::unavailable) << i;
      for (const auto& words : {mrk_in(frankfurt), mrk_in(dublin), mrk_in(virginia), std::string("no connection"),
                                std::string("slow down"), std::string("it broke")})
        EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
    }
  }
  for (const auto& region : {dublin, virginia}) EXPECT_EQ(calls(region), 3) << region;
  regions->restore(virginia);
  clock->advance(milliseconds(1500));
  EXPECT_EQ(seal(*keyring), mrk_in(virginia));
}

TEST_F(Failover, ALossAndARefusalTogetherAreUnavailable) {
  regions->lose(frankfurt);
  regions->fail(dublin, Error{ErrorCode::access_denied, "not you"});
  auto none = fresh();
  const auto done = over_two()->on_encrypt(none);
  EXPECT_EQ(code(done), ErrorCode::unavailable) << "the first Region might have said yes";
  EXPECT_NE(done.error().message.find("not you"), std::string::npos);
}

TEST_F(Failover, PaysForSecondTriesOutOfABudgetThatSuccessesFill) {
  options.retry_budget = 5;
  options.losses_max = 1'000'000;  // The breaker stays closed: only the budget holds second tries back.
  const auto keyring = over_two();
  regions->lose(frankfurt);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(seal(*keyring), mrk_in(dublin)) << i;
  EXPECT_EQ(seal(*keyring), "unavailable");
  EXPECT_EQ(calls(dublin), 5);
  auto none = fresh();
  EXPECT_NE(keyring->on_encrypt(none).error().message.find("too many calls"), std::string::npos);
  regions->restore(frankfurt);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(seal(*keyring), mrk_in(frankfurt));
  regions->lose(frankfurt);
  EXPECT_EQ(seal(*keyring), mrk_in(dublin));
  EXPECT_EQ(seal(*keyring), "unavailable");
}

TEST_F(Failover, WhatTheBreakerKeepsAwayCostsNoBudget) {
  options.retry_budget = 3;
  const auto keyring = over_two();
  regions->lose(frankfurt);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seal(*keyring), mrk_in(dublin)) << i;
}

TEST_F(Failover, AProbeThatTheBudgetForbidsIsLeftToAnotherCall) {
  options.retry_budget = 0;
  options.losses_max = 1;
  const auto keyring = over_two();
  const auto sealed = sealed_in(frankfurt);
  regions->lose(dublin);
  regions->lose(frankfurt);
  EXPECT_EQ(seal(*keyring), "unavailable");  // Frankfurt's opens.
  EXPECT_EQ(seal(*keyring), "unavailable");  // Dublin's opens.
  clock->advance(milliseconds(1500));
  EXPECT_EQ(seal(*keyring), "unavailable");  // Probes Frankfurt; Dublin's probe would be a second try.
  regions->restore(dublin);
  EXPECT_EQ(seal(*keyring), mrk_in(dublin));
}

TEST_F(Failover, HoldsNoLockWhileARegionIsAsked) {
  const auto keyring = over_two();
  // Each waits inside the KMS until all four are there.
  std::atomic<int> inside = 0;
  regions->on_call([&](const std::string&) {
    ++inside;
    inside.notify_all();
    for (int seen = inside; seen < 4; seen = inside) inside.wait(seen);
  });
  std::vector<std::jthread> threads;
  std::atomic<int> sealed = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      auto one = fresh();
      sealed += keyring->on_encrypt(one) ? 1 : 0;
    });
  threads.clear();
  EXPECT_EQ(sealed, 4);
}

TEST_F(Failover, ManyThreadsLoseNothingWhileARegionComesAndGoes) {
  options.pause = milliseconds(0);
  options.retry_budget = failover_retry_budget_max;
  const auto keyring = over_two();
  std::atomic<int> failed = 0, running = 4;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      // And until the loss was met, however the threads are scheduled.
      for (int i = 0; i < 500 || (calls(dublin) <= 4 && i < 1'000'000); ++i) {
        auto sealed = fresh();
        if (!keyring->on_encrypt(sealed) || !unwrap(*keyring, sealed)) ++failed;
      }
      --running;
    });
  while (running > 0) {
    regions->lose(frankfurt);
    std::this_thread::yield();
    regions->restore(frankfurt);
    std::this_thread::yield();
  }
  threads.clear();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(calls(frankfurt), 4);
  EXPECT_GT(calls(dublin), 4);
}

TEST_F(Failover, FailsWhenAKmsKeyOfTheMessageIsNoKeyArn) {
  auto sealed = sealed_in(frankfurt);
  sealed.encrypted_data_keys.emplace_back("aws-kms", as_bytes("alias/ledger"), as_bytes("x"));
  EXPECT_EQ(code(unwrap(*over_two(), sealed)), ErrorCode::invalid_input);
  EXPECT_EQ(regions->calls(frankfurt).decrypted, 0);
}

TEST_F(Failover, TakesTwoToSixteenKeysEachInAnotherRegion) {
  const auto make = [&](const std::vector<std::string>& arns) {
    std::vector<KmsKeyArn> keys;
    for (const auto& text : arns) keys.push_back(arn(text));
    return failover_keyring(*regions, std::move(keys), options);
  };
  EXPECT_EQ(code(make({})), ErrorCode::invalid_input);
  EXPECT_EQ(code(make({mrk_in(frankfurt)})), ErrorCode::invalid_input);
  EXPECT_EQ(code(make({mrk_in(frankfurt), mrk_in(frankfurt)})), ErrorCode::invalid_input);
  EXPECT_EQ(code(make({mrk_in(frankfurt), key_in(frankfurt)})), ErrorCode::invalid_input);
  EXPECT_EQ(code(make({mrk_in(frankfurt), mrk_in("af-south-1")})), ErrorCode::invalid_input) << "no client";
  std::vector<std::string> many;
  for (int i = 0; i < 17; ++i) many.push_back(mrk_in("eu-west-" + std::to_string(i)));
  regions = std::make_shared<FakeRegions>(many);
  EXPECT_EQ(code(make(many)), ErrorCode::invalid_input);
  many.pop_back();
  EXPECT_TRUE(make(many));
  many.resize(2);
  EXPECT_TRUE(make(many));
  for (const auto& wrong : std::initializer_list<FailoverOptions>{{.losses_max = 0},
                                                                  {.pause = milliseconds(-1)},
                                                                  {.pause = failover_pause_max + milliseconds(1)},
                                                                  {.retry_budget = failover_retry_budget_max + 1}}) {
    options = wrong;
    EXPECT_EQ(code(make(many)), ErrorCode::invalid_input);
  }
}

}  // namespace
}  // namespace keyfold::keyrings
