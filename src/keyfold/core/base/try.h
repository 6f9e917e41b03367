#pragma once
// TRY_ASSIGN(auto x, f()) names f's value, or returns f's Error from the enclosing function; TRY(f()) wants no value.
// Statements, never parts of an expression: an early return from inside `S{secret(), …}` leaves `secret()` unwiped in
// g++ 12 and clang. Not installed: public headers do not include it. A move-only value is named with `auto`, not `const
// auto`.

#include "keyfold/core/base/result.h"

#define KEYFOLD_CONCAT(a, b) KEYFOLD_CONCAT_EXPANDED(a, b)
#define KEYFOLD_CONCAT_EXPANDED(a, b) a##b
#define TRY_ASSIGN(target, ...) KEYFOLD_TRY_ASSIGN(KEYFOLD_CONCAT(result_, __COUNTER__), target, __VA_ARGS__)
#define KEYFOLD_TRY_ASSIGN(result, target, ...)  \
  auto result = (__VA_ARGS__);                   \
  if (!result) return std::move(result).error(); \
  target = *std::move(result)
#define TRY(...) KEYFOLD_TRY(KEYFOLD_CONCAT(result_, __COUNTER__), __VA_ARGS__)
#define KEYFOLD_TRY(result, ...)                                                \
  do {                                                                          \
    if (auto result = (__VA_ARGS__); !result) return std::move(result).error(); \
  } while (false)
