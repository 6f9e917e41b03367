#include "keyfold/core/http/poller.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "keyfold/core/base/result.h"

namespace keyfold::http {
namespace {

bool control(int epoll, int operation, int descriptor, std::uint32_t events, Watched& watched) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  return ::epoll_ctl(epoll, operation, descriptor, &event) == 0;
}

}  // namespace

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), events_() { KEYFOLD_CHECK(epoll_.get() >= 0); }

Outcome Poller::watch(int descriptor, std::uint32_t events, Watched& watched) {
  if (control(epoll_.get(), EPOLL_CTL_ADD, descriptor, events, watched)) return ok();
  return Error{ErrorCode::io, "a descriptor cannot be watched"};
}

void Poller::change(int descriptor, std::uint32_t events, Watched& watched) {
  KEYFOLD_CHECK(control(epoll_.get(), EPOLL_CTL_MOD, descriptor, events, watched));
}

void Poller::poll(int timeout_ms) {
  const int count = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
  KEYFOLD_CHECK(count >= 0 || errno == EINTR);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    static_cast<Watched*>(event.data.ptr)->ready(event.events);
  }
}

Waker::Waker(Poller& poller) : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  KEYFOLD_CHECK(event_.get() >= 0);
  KEYFOLD_CHECK(poller.watch(event_.get(), EPOLLIN | EPOLLET, *this).has_value());
}

void Waker::wake() {
  const std::uint64_t one = 1;
  KEYFOLD_CHECK(::write(event_.get(), &one, sizeof(one)) == sizeof(one));
}

}  // namespace keyfold::http
