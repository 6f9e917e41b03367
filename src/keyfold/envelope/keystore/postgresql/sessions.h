#pragma once
// Connections to one database, a few at a time.

#include <condition_variable>
#include <mutex>
#include <optional>

#include "keyfold/core/base/try.h"
#include "keyfold/envelope/keystore/postgresql/session.h"

namespace keyfold::keystore {

inline constexpr std::size_t sessions_max = 8;  // Connections that one store has open at once.
inline constexpr std::chrono::seconds connect_within{12};

// Safe to use from several threads at once.
class Sessions {
 public:
  explicit Sessions(std::string connection) : connection_(std::move(connection)) {}

  // `work` with a connection of its own, which a moment ago still answered.
  template <class Work>
  auto with(Work work) -> decltype(work(std::declval<Session&>())) {
    const Turn turn(*this);
    auto session = take_idle();
    if (!session) {
      TRY_ASSIGN(session, Session::open(connection_, std::chrono::steady_clock::now() + connect_within));
    }
    auto result = work(*session);
    if (session->is_alive()) give_back(*std::move(session));
    return result;
  }

 private:
  // One of sessions_max places.
  class Turn {
   public:
    explicit Turn(Sessions& sessions) : sessions_(sessions) {
      std::unique_lock lock(sessions_.mutex_);
      sessions_.left_.wait(lock, [&] { return sessions_.in_use_ < sessions_max; });
      ++sessions_.in_use_;
    }
    ~Turn() {
      const std::lock_guard lock(sessions_.mutex_);
      --sessions_.in_use_;
      sessions_.left_.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Sessions& sessions_;
  };

  // Those that died while idle (the server was started anew, a firewall forgot them) are dropped on the way.
  std::optional<Session> take_idle() {
    for (;;) {
      std::unique_lock lock(mutex_);
      if (idle_.empty()) return std::nullopt;
      std::optional taken(std::move(idle_.back()));
      idle_.pop_back();
      lock.unlock();
      if (taken->answers()) return taken;
    }
  }
  void give_back(Session session) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(session));
  }

  const std::string connection_;
  std::mutex mutex_;  // Guards all below.
  std::condition_variable left_;
  std::size_t in_use_ = 0;
  std::vector<Session> idle_;
};

}  // namespace keyfold::keystore
