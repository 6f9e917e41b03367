// What ends the work of several threads, and that it ends them all.

#include "keyfold/envelope/seal/in_order.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "keyfold/envelope/seal/messages_test.h"

namespace keyfold::seal {
namespace {

using namespace keyfold::seal::testing;

constexpr int pieces_in_all = 100;

enum class Step : std::uint8_t { take, work, give };

class InOrder : public ::testing::TestWithParam<std::size_t> {
 protected:
  std::vector<int> given;

  // fail(step, piece) → Outcome stands before each step.
  template <class Fail>
  Outcome run(const Fail& fail) {
    given.clear();
    std::vector<int> pieces(GetParam());
    int next = 0;
    return run_in_order(
        std::span(pieces),
        [&](int& piece) -> Result<Taken> {
          piece = next++;
          if (auto done = fail(Step::take, piece); !done) return std::move(done).error();
          return piece == pieces_in_all - 1 ? Taken::last_piece : Taken::piece;
        },
        [&](int& piece) { return fail(Step::work, piece); },
        [&](int& piece) {
          auto done = fail(Step::give, piece);
          if (done) given.push_back(piece);
          return done;
        });
  }
  void expect_given_up_to(int end) {
    ASSERT_EQ(given.size(), static_cast<std::size_t>(end));
    for (int i = 0; i < end; ++i) EXPECT_EQ(given[static_cast<std::size_t>(i)], i);
  }
};
INSTANTIATE_TEST_SUITE_P(Threads, InOrder, ::testing::Values(1U, 2U, 8U));

TEST_P(InOrder, EveryPieceIsGivenOnceAndInOrder) {
  EXPECT_TRUE(run([](Step, int) { return ok(); }));
  expect_given_up_to(pieces_in_all);
}

TEST_P(InOrder, AFailureEndsItWithThePiecesBeforeIt) {
  for (const auto failing : {Step::take, Step::work, Step::give})
    for (const int at : {0, 1, 50, pieces_in_all - 1}) {
      const auto done = run([&](Step step, int piece) {
        return step == failing && piece == at ? Outcome(Error{ErrorCode::io, "the disk is gone"}) : ok();
      });
      ASSERT_FALSE(done);
      EXPECT_EQ(done.error().message, "the disk is gone");
      expect_given_up_to(at);
    }
}

TEST_P(InOrder, AnExceptionIsAFailure) {
  for (const auto failing : {Step::take, Step::work, Step::give})
    for (const int at : {0, 1, 50, pieces_in_all - 1}) {
      auto done = run([&](Step step, int piece) -> Outcome {
        if (step == failing && piece == at) throw std::runtime_error("a source of somebody's own");
        return ok();
      });
      ASSERT_FALSE(done);
      EXPECT_EQ(done.error().code, ErrorCode::internal);
      expect_given_up_to(at);
      done = run([&](Step step, int piece) -> Outcome {
        if (step == failing && piece == at) throw std::bad_alloc();
        return ok();
      });
      ASSERT_FALSE(done);
      EXPECT_EQ(done.error().message, "no memory left");
      expect_given_up_to(at);
    }
}

// Throw after so many bytes.
class ThrowingSource final : public Source {
 public:
  ThrowingSource(BytesView bytes, std::size_t good) : inner_(bytes.first(good)) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    auto got = inner_.read(out);
    if (got && *got == 0) throw std::runtime_error("the disk is gone");
    return got;
  }

 private:
  BytesSource inner_;
};
class ThrowingSink final : public Sink {
 public:
  explicit ThrowingSink(std::size_t good) : left_(good) {}
  Outcome write(BytesView bytes) override {
    if (bytes.size() > left_) throw std::bad_alloc();
    left_ -= bytes.size();
    return ok();
  }

 private:
  std::size_t left_;
};

TEST_P(InOrder, ASourceOrSinkThatThrowsEndsTheMessageWithAnError) {
  const Envelope envelope(raw_keyring());
  const auto plaintext = some_plaintext(2'000'000);
  const auto threads = static_cast<unsigned>(GetParam());
  const SealOptions sealing{.threads = threads};
  const OpenOptions opening{.threads = threads};
  const auto sealed = *envelope.seal(plaintext);
  for (const std::size_t good : {0U, 1U, 1000U, 700'000U}) {
    Bytes out;
    BytesSink sink(out);
    ThrowingSource source(plaintext, good), sealed_source(sealed, good);
    EXPECT_EQ(envelope.seal(source, sink, sealing).error().code, ErrorCode::internal) << good;
    EXPECT_EQ(envelope.open(sealed_source, sink, opening).error().code, ErrorCode::internal) << good;
    ThrowingSink throwing(good), throwing_too(good);
    BytesSource whole(plaintext), whole_sealed(sealed);
    EXPECT_EQ(envelope.seal(whole, throwing, sealing).error().code, ErrorCode::internal) << good;
    EXPECT_EQ(envelope.open(whole_sealed, throwing_too, opening).error().code, ErrorCode::internal) << good;
  }
}

}  // namespace
}  // namespace keyfold::seal
