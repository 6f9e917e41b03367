#include "keyfold/core/base/encryption_context.h"

#include <algorithm>

namespace keyfold {

Result<ContextView> ContextView::over(std::span<ContextPair> pairs) {
  // string_view compares as unsigned bytes: the order of UTF-8.
  std::ranges::sort(pairs, {}, &ContextPair::key);
  if (std::ranges::adjacent_find(pairs, {}, &ContextPair::key) != pairs.end())
    return Error{ErrorCode::invalid_input, "the encryption context has a key twice"};
  return ContextView(pairs);
}

const std::string_view* ContextView::find(std::string_view key) const {
  const auto found = std::ranges::lower_bound(pairs_, key, {}, &ContextPair::key);
  return found != pairs_.end() && found->key == key ? &found->value : nullptr;
}

bool operator==(const ContextView& a, const ContextView& b) { return std::ranges::equal(a.pairs_, b.pairs_); }

EncryptionContext::EncryptionContext(const ContextView& view) {
  for (const auto& [key, value] : view) pairs_.emplace(key, value);
}

Outcome EncryptionContext::add(std::string key, std::string value) {
  if (!pairs_.emplace(std::move(key), std::move(value)).second)
    return Error{ErrorCode::invalid_input, "the encryption context has a key twice"};
  return ok();
}

void EncryptionContext::erase(std::string_view key) {
  if (const auto found = pairs_.find(key); found != pairs_.end()) pairs_.erase(found);
}

const std::string* EncryptionContext::find(std::string_view key) const {
  const auto found = pairs_.find(key);
  return found == pairs_.end() ? nullptr : &found->second;
}

ContextView EncryptionContext::view(std::vector<ContextPair>& scratch) const {
  scratch.clear();
  for (const auto& [key, value] : pairs_) scratch.push_back({.key = key, .value = value});
  return ContextView(scratch);
}

void append_canonical(Bytes& out, const ContextView& context) {
  Writer writer(out);
  writer.u32(static_cast<std::uint32_t>(context.size()));
  for (const auto& [key, value] : context) writer.sized32(as_bytes(key)).sized32(as_bytes(value));
}

}  // namespace keyfold
