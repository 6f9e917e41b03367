#pragma once
// Connections to one database, a few at a time.

#include <condition_variable>
#include <mutex>
#include <optional>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keystore/postgresql/session.h"

namespace keyfold::keystore {

inline constexpr std::size_t sessions_max = 8;  // Connections that one store has open at once.

// Safe to use from several threads at once.
class Sessions {
 public:
  // `patience`: how long each call may take, whatever it waits for; at most an hour.
  Sessions(std::string connection, std::chrono::milliseconds patience)
      : connection_(std::move(connection)), patience_(patience) {
    KEYFOLD_CHECK(patience_.count() > 0 && patience_ <= std::chrono::hours(1));
  }

  // `work` with a connection of its own, which a moment ago still answered. Fails with `unavailable` when there was
  // none to be had in time.
  template <class Work>
  auto with(Work work) -> decltype(work(std::declval<Session&>())) {
    const auto deadline = std::chrono::steady_clock::now() + patience_;
    const Turn turn(*this, deadline);
    if (!turn.has_come()) return Error{ErrorCode::unavailable, "too many calls are waiting for the database"};
    TRY_ASSIGN(auto session, take(deadline));
    auto result = work(session);
    if (session.is_alive()) give_back(std::move(session));
    return result;
  }

 private:
  // One of sessions_max places, if one became free in time.
  class Turn {
   public:
    Turn(Sessions& sessions, Deadline deadline) : sessions_(sessions) {
      std::unique_lock lock(sessions_.mutex_);
      has_come_ = sessions_.left_.wait_until(lock, deadline, [&] { return sessions_.in_use_ < sessions_max; });
      if (has_come_) ++sessions_.in_use_;
    }
    ~Turn() {
      if (!has_come_) return;
      const std::lock_guard lock(sessions_.mutex_);
      --sessions_.in_use_;
      sessions_.left_.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    bool has_come() const { return has_come_; }

   private:
    Sessions& sessions_;
    bool has_come_ = false;
  };

  // What killed an idle connection (the server was started anew, a firewall forgot it) has most likely killed the
  // others: they go with it, unasked. Asking takes a quarter of the time at most, for a new one takes some too.
  Result<Session> take(Deadline deadline) {
    if (auto idle = take_idle()) {
      idle->must_end_by(std::min(deadline, std::chrono::steady_clock::now() + patience_ / 4));
      if (idle->answers()) {
        idle->must_end_by(deadline);
        return *std::move(idle);
      }
      drop_idle();
    }
    return Session::open(connection_, deadline);
  }
  std::optional<Session> take_idle() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::nullopt;
    std::optional taken(std::move(idle_.back()));
    idle_.pop_back();
    return taken;
  }
  void drop_idle() {
    std::vector<Session> dropped;  // Closed without the lock.
    const std::lock_guard lock(mutex_);
    dropped.swap(idle_);
  }
  void give_back(Session session) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(session));
  }

  const std::string connection_;
  const std::chrono::milliseconds patience_;
  std::mutex mutex_;  // Guards all below.
  std::condition_variable left_;
  std::size_t in_use_ = 0;
  std::vector<Session> idle_;
};

}  // namespace keyfold::keystore
