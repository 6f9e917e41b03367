#pragma once
// Failures: what several keyrings, or several encrypted data keys, said on the way to an overall failure. None hides
// another. And which failures are no answer.

#include <string>
#include <vector>

#include "keyfold/core/base/result.h"

namespace keyfold::keyrings {

// Whether nothing was answered, so that nothing is known to be lost and the same call may succeed a moment later:
// nobody was reached, or could do it just now. Any other code is an answer.
bool is_no_answer(ErrorCode code);

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
