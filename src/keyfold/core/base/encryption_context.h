#pragma once
// EncryptionContext: pairs of text that are authenticated with a ciphertext but not encrypted. Exact, case-sensitive,
// without order; ours are always held sorted by the bytes of their keys, without duplicates. Not secret: it appears in
// audit logs.

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"

namespace keyfold {

struct ContextPair {
  std::string_view key;
  std::string_view value;
  friend bool operator==(const ContextPair&, const ContextPair&) = default;
};

// A context whose text lives elsewhere. Cheap to copy, never allocates; valid as long as the pairs and their text are.
class ContextView {
 public:
  ContextView() = default;  // Empty.
  // Sorts `pairs` where they are. Fails with `invalid_input` on a duplicate key.
  static Result<ContextView> over(std::span<ContextPair> pairs);

  auto begin() const { return pairs_.begin(); }
  auto end() const { return pairs_.end(); }
  std::size_t size() const { return pairs_.size(); }
  bool empty() const { return pairs_.empty(); }
  // The value of `key`, or null.
  const std::string_view* find(std::string_view key) const;

  friend bool operator==(const ContextView& a, const ContextView& b);

 private:
  friend class EncryptionContext;
  explicit ContextView(std::span<const ContextPair> sorted) : pairs_(sorted) {}
  std::span<const ContextPair> pairs_;
};

// A context that owns its text.
class EncryptionContext {
 public:
  EncryptionContext() = default;
  EncryptionContext(std::initializer_list<std::pair<const std::string, std::string>> pairs) : pairs_(pairs) {}
  explicit EncryptionContext(const ContextView& view);

  void set(std::string key, std::string value) { pairs_.insert_or_assign(std::move(key), std::move(value)); }
  // Fails with `invalid_input` when `key` is there already.
  Outcome add(std::string key, std::string value);
  void erase(std::string_view key);
  const std::string* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }

  auto begin() const { return pairs_.begin(); }
  auto end() const { return pairs_.end(); }
  std::size_t size() const { return pairs_.size(); }
  bool empty() const { return pairs_.empty(); }
  // `scratch` holds the pairs of the view, this their text: the view lives as long as both are unchanged.
  ContextView view(std::vector<ContextPair>& scratch) const;

  friend bool operator==(const EncryptionContext&, const EncryptionContext&) = default;

 private:
  std::map<std::string, std::string, std::less<>> pairs_;
};

// Appends the one serialisation of a context that ours is bound by where a format of our own does so:
// u32 count, then for each pair, sorted by the key's UTF-8 bytes: u32-length key, u32-length value.
// (The AWS Encryption SDK's, with its 16-bit lengths, is `message`'s.)
void append_canonical(Bytes& out, const ContextView& context);

}  // namespace keyfold
