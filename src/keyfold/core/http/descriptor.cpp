#include "keyfold/core/http/descriptor.h"

#include <unistd.h>

namespace keyfold::http {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (number_ >= 0) ::close(number_);
    number_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

}  // namespace keyfold::http
