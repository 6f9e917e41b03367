#include "keyfold/envelope/keyrings/circuit_breaker.h"

namespace keyfold::keyrings {

CircuitBreaker::CircuitBreaker(Options options, std::shared_ptr<const Clock> clock, std::shared_ptr<Random> random)
    : options_(options), clock_(std::move(clock)), random_(std::move(random)) {
  KEYFOLD_CHECK(options.losses_max > 0 && options.pause.count() >= 0);
}

CircuitBreaker::Admission CircuitBreaker::admit() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::closed) return Admission::ordinary;
  if (state_ == State::probing || clock_->steady_now() < probe_after_) return Admission::refused;
  state_ = State::probing;
  return Admission::probe;
}

void CircuitBreaker::answered(Admission admission) {
  const std::lock_guard lock(mutex_);
  // An ordinary call that ends now began before it opened: it says nothing of how things are.
  if (admission != Admission::probe && state_ != State::closed) return;
  state_ = State::closed;
  losses_ = 0;
}

void CircuitBreaker::lost(Admission admission, std::string_view said) {
  const std::lock_guard lock(mutex_);
  last_loss_ = said;
  if (admission == Admission::probe) return open();
  if (state_ == State::closed && ++losses_ >= options_.losses_max) open();
}

void CircuitBreaker::not_made(Admission admission) {
  const std::lock_guard lock(mutex_);
  if (admission == Admission::probe) state_ = State::open;  // Its time has come already: the next one may.
}

std::string CircuitBreaker::reason() const {
  const std::lock_guard lock(mutex_);
  return "not asked, after " + std::to_string(options_.losses_max) + " failures in a row; the last one: " + last_loss_;
}

void CircuitBreaker::open() {
  const auto bytes = random_->bytes<4>();
  const auto pause = Duration(options_.pause).count();
  const auto jitter = pause == 0 ? 0 : static_cast<std::int64_t>(*Reader(bytes).u32()) % (pause + 1);
  state_ = State::open;
  losses_ = 0;
  probe_after_ = clock_->steady_now() + Duration(pause / 2 + jitter);
}

}  // namespace keyfold::keyrings
