#pragma once
// What is signed: an HTTP request, as views of what was received or is about to be sent.

#include <span>
#include <string_view>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/header_view.h"

namespace keyfold::sigv4 {

struct RequestView {
  std::string_view method;  // "POST"
  std::string_view path;    // Of the request line, as sent (percent-encoded): "/"
  std::string_view query;   // What follows the '?', as sent, without it.
  std::span<const HeaderView> headers;
  BytesView body;
};

inline constexpr std::size_t header_count_max = 64;        // Headers of one request.
inline constexpr std::size_t path_segment_count_max = 64;  // Between the slashes.
inline constexpr std::size_t query_size_max = 1024;        // Bytes, as sent.
inline constexpr std::size_t query_parameter_count_max = 32;

}  // namespace keyfold::sigv4
