#pragma once
// Failures: what several keyrings, or several encrypted data keys, said on the way to an overall failure. None hides
// another.

#include <string>
#include <vector>

#include "keyfold/core/base/result.h"

namespace keyfold::keyrings {

class Failures {
 public:
  void add(std::string who, Error error);
  // One Error: the code of the most telling failure (see multi.h), the texts of all.
  Error summary(std::string_view what) const;
  // What a keyring says that unwrapped nothing: `incorrect_key` when it found nothing of its own to try.
  Error none_or_summary(const std::string& keyring) const;

 private:
  struct Failure {
    std::string who;
    Error error;
  };
  std::vector<Failure> failures_;
};

}  // namespace keyfold::keyrings
