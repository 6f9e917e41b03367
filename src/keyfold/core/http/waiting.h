#pragma once
// How a connection's coroutine waits: one coroutine for the whole life of a connection, so that no request allocates a
// frame.

#include <coroutine>
#include <exception>

namespace keyfold::http {

// Starts at once and frees itself at its end. Whoever resumes it must not use it afterwards.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }  // We throw none.
  };
};

// Leaves the handle where whoever has the answer will resume it.
class Parked {
 public:
  explicit Parked(std::coroutine_handle<>& place) : place_(place) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiting) { place_ = waiting; }
  void await_resume() const {}

 private:
  std::coroutine_handle<>& place_;
};

}  // namespace keyfold::http
