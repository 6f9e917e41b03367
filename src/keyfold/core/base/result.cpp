#include "keyfold/core/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace keyfold {

void check_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, what);
  std::abort();
}

}  // namespace keyfold
