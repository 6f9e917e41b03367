#include "keyfold/core/sigv4/canonical.h"

#include <array>
#include <cstring>

#include "keyfold/core/base/try.h"

namespace keyfold::sigv4 {
namespace {

constexpr std::string_view upper_hex = "0123456789ABCDEF";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// RFC 3986's unreserved characters: the only ones that AWS leaves as they are.
bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Digests what is written to it, gathered into pieces that are worth a call.
class Sink {
 public:
  void put(char c) {
    if (used_ == buffer_.size()) flush();
    buffer_[used_++] = c;
  }
  void text(std::string_view text) {
    if (text.size() > buffer_.size() - used_) flush();
    if (text.size() > buffer_.size()) return digest_.update(as_bytes(text));
    if (!text.empty()) std::memcpy(buffer_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }
  void encoded(char c) {
    if (is_unreserved(c)) return put(c);
    const auto byte = static_cast<unsigned char>(c);
    put('%');
    put(upper_hex[byte >> 4]);
    put(upper_hex[byte & 15]);
  }
  crypto::Sha256Digest finish() {
    flush();
    crypto::Sha256Digest out;
    digest_.finish(out);
    return out;
  }

 private:
  void flush() {
    digest_.update(as_bytes({buffer_.data(), used_}));
    used_ = 0;
  }
  crypto::Digest digest_{crypto::Hash::sha256};
  std::array<char, 512> buffer_;
  std::size_t used_ = 0;
};

// Without "." and "..", without empty segments, each segment encoded (once more, when it was encoded already).
Outcome write_path(Sink& out, std::string_view path) {
  if (path.empty() || path == "/") {
    out.put('/');
    return ok();
  }
  if (path.front() != '/') return Error{ErrorCode::invalid_input, "a path begins with a slash"};
  std::array<std::string_view, path_segment_count_max> segments;
  std::size_t count = 0;
  bool ends_in_slash = false;
  for (std::size_t at = 1; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto segment = path.substr(at, end - at);
    at = end + 1;
    ends_in_slash = segment.empty() || segment == "." || segment == "..";
    if (segment == "..") {
      count -= count > 0 ? 1 : 0;
    } else if (!ends_in_slash) {
      if (count == segments.size()) return Error{ErrorCode::invalid_input, "a path of too many segments"};
      segments[count++] = segment;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    out.put('/');
    for (const char c : segments[i]) out.encoded(c);
  }
  if (count == 0 || ends_in_slash) out.put('/');
  return ok();
}

struct Parameter {
  std::string_view name, value;
  friend auto operator<=>(const Parameter&, const Parameter&) = default;
};

// A query's parameters in their canonical encoding, sorted.
class Query {
 public:
  Outcome read(std::string_view query) {
    if (query.size() > query_size_max) return Error{ErrorCode::invalid_input, "a query that is too long"};
    while (!query.empty()) {
      const auto end = std::min(query.find('&'), query.size());
      const auto parameter = query.substr(0, end);
      query.remove_prefix(std::min(end + 1, query.size()));
      if (parameter.empty()) continue;
      if (count_ == parameters_.size()) return Error{ErrorCode::invalid_input, "a query of too many parameters"};
      const auto equals = std::min(parameter.find('='), parameter.size());
      TRY_ASSIGN(const auto name, recode(parameter.substr(0, equals)));
      TRY_ASSIGN(const auto value, recode(parameter.substr(std::min(equals + 1, parameter.size()))));
      parameters_[count_++] = {.name = name, .value = value};
    }
    std::ranges::sort(std::span(parameters_).first(count_));
    return ok();
  }
  std::span<const Parameter> parameters() const { return std::span(parameters_).first(count_); }

 private:
  // However it was encoded, encoded as AWS does it.
  Result<std::string_view> recode(std::string_view text) {
    const std::size_t start = used_;
    for (std::size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      if (c == '%') {
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) return Error{ErrorCode::invalid_input, "a query with a stray percent sign"};
        c = static_cast<char>(high << 4 | low);
        i += 2;
      }
      if (is_unreserved(c)) {
        encoded_[used_++] = c;
      } else {
        const auto byte = static_cast<unsigned char>(c);
        encoded_[used_++] = '%';
        encoded_[used_++] = upper_hex[byte >> 4];
        encoded_[used_++] = upper_hex[byte & 15];
      }
    }
    return std::string_view(encoded_.data() + start, used_ - start);
  }
  std::array<char, 3 * query_size_max> encoded_;  // Enough: a byte becomes at most three.
  std::size_t used_ = 0;
  std::array<Parameter, query_parameter_count_max> parameters_;
  std::size_t count_ = 0;
};

Outcome write_query(Sink& out, std::string_view text) {
  if (text.empty()) return ok();
  Query query;
  TRY(query.read(text));
  bool first = true;
  for (const auto& [name, value] : query.parameters()) {
    if (!std::exchange(first, false)) out.put('&');
    out.text(name);
    out.put('=');
    out.text(value);
  }
  return ok();
}

// Without white space around it, each run of spaces inside it one space.
void write_value(Sink& out, std::string_view value) {
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  if (value.find("  ") == std::string_view::npos) return out.text(value);
  char previous = '\0';
  for (const char c : value) {
    if (c != ' ' || previous != ' ') out.put(c);
    previous = c;
  }
}

void write_headers(Sink& out, const RequestView& request, std::string_view signed_headers) {
  for_each_name(signed_headers, [&](std::string_view name) {
    out.text(name);
    char before = ':';
    for (const auto& header : request.headers) {
      if (!equal_without_case(header.name, name)) continue;
      out.put(std::exchange(before, ','));
      write_value(out, header.value);
    }
    out.put('\n');
  });
}

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::ranges::equal(a, b, {}, lower, lower);
}

std::size_t count_headers(const RequestView& request, std::string_view name, std::string_view& first) {
  std::size_t count = 0;
  for (const auto& header : request.headers) {
    if (equal_without_case(header.name, name) && count++ == 0) first = header.value;
  }
  return count;
}

HexDigest hex_of(const crypto::Sha256Digest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  HexDigest hex;
  std::size_t at = 0;
  for (const std::byte b : digest) {
    hex[at++] = digits[std::to_integer<std::size_t>(b >> 4)];
    hex[at++] = digits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return hex;
}

Result<crypto::Sha256Digest> canonical_digest(const RequestView& request, std::string_view signed_headers,
                                              std::string_view body_hash) {
  Sink out;
  out.text(request.method);
  out.put('\n');
  TRY(write_path(out, request.path));
  out.put('\n');
  TRY(write_query(out, request.query));
  out.put('\n');
  write_headers(out, request, signed_headers);
  out.put('\n');
  out.text(signed_headers);
  out.put('\n');
  out.text(body_hash);
  return out.finish();
}

Result<QuerySignature> query_signature(std::string_view text) {
  if (text.empty()) return QuerySignature::absent;
  Query query;
  TRY(query.read(text));
  for (const auto& [name, value] : query.parameters()) {
    if (equal_without_case(name.substr(0, query_signature_prefix.size()), query_signature_prefix))
      return QuerySignature::present;
  }
  return QuerySignature::absent;
}

crypto::Sha256Digest signature_of(BytesView signing_key, std::string_view amz_date, std::string_view scope,
                                  const crypto::Sha256Digest& canonical) {
  const auto hex = hex_of(canonical);
  const auto line = as_bytes("\n");
  return crypto::hmac_sha256(signing_key, {as_bytes(algorithm), line, as_bytes(amz_date), line, as_bytes(scope), line,
                                           as_bytes(text_of(hex))});
}

}  // namespace keyfold::sigv4
