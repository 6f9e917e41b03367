#pragma once
// run_in_order: work on the pieces of something on several threads, while they are taken one after another and given
// back in the same order. So frames are sealed or opened in parallel, and one thread hashes or writes while others
// work.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "keyfold/core/base/result.h"
#include "keyfold/core/base/start_thread.h"

namespace keyfold::seal {

enum class Taken : std::uint8_t { piece, last_piece, nothing };

// Whose turn it is to give back. For run_in_order.
class Turns {
 public:
  std::mutex taking;
  std::atomic<bool> ended = false;
  std::uint64_t next = 0;  // Guarded by `taking`.

  // False when an earlier piece failed: then this one does not count.
  bool wait_for(std::uint64_t ticket) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == ticket || failed_; });
    return !failed_;
  }
  void pass(Outcome done) {
    if (!done) ended = true;
    {
      const std::lock_guard lock(mutex_);
      ++turn_;
      if (!done) failed_ = std::move(done).error();
    }
    changed_.notify_all();
  }
  Outcome outcome() { return failed_ ? Outcome(*std::move(failed_)) : ok(); }  // Once, when all threads are done.

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t turn_ = 0;
  std::optional<Error> failed_;
};

// What `action` returns, or an Error when it throws, as a Source of somebody's own may: the library throws nothing, and
// an exception that leaves a thread would end the process.
template <class Action>
auto caught(const Action& action) -> decltype(action()) {
  try {
    return action();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::internal, "no memory left"};  // So short that it takes none.
  } catch (...) {
    return Error{ErrorCode::internal, "a source, a sink or a keyring threw an exception"};
  }
}

// Each thread has one of `pieces`; the caller's is one of the threads, so one piece means no other. Again and again,
// take(piece) → Result<Taken>, one at a time; then work(piece) → Outcome, all at once; then give(piece) → Outcome, one
// at a time and in the order of taking. The first failure in that order is the outcome; pieces before it have been
// given, none after it will be. It is returned once every thread is done with what it is in: a take() that waits for
// somebody's source is not broken off. An exception is a failure too. When the system has no threads left, fewer do it.
template <class Piece, class Take, class Work, class Give>
Outcome run_in_order(std::span<Piece> pieces, const Take& take, const Work& work, const Give& give) {
  Turns turns;
  const auto run = [&](Piece& piece) {
    for (;;) {
      std::unique_lock taking(turns.taking);
      if (turns.ended) return;
      const auto ticket = turns.next++;
      Result<Taken> taken = caught([&] { return take(piece); });
      if (!taken || *taken != Taken::piece) turns.ended = true;
      taking.unlock();
      if (taken && *taken == Taken::nothing) return;
      auto done = taken ? caught([&] { return Outcome(work(piece)); }) : Outcome(std::move(taken).error());
      if (!turns.wait_for(ticket)) return;
      if (done) done = caught([&] { return Outcome(give(piece)); });
      turns.pass(std::move(done));
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(pieces.size() - 1);
  for (auto& piece : pieces.subspan(1))
    if (!start_thread(threads, [&run, &piece] { run(piece); })) break;
  run(pieces.front());
  for (auto& thread : threads) thread.join();
  return turns.outcome();
}

}  // namespace keyfold::seal
