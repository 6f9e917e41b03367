#include "keyfold/kms/audit/merkle.h"

#include <bit>

#include "keyfold/core/crypto/digest.h"

namespace keyfold::audit {
namespace {

// RFC 6962, section 2.1: a leaf is never taken for a node.
constexpr ByteArray<1> leaf_prefix{std::byte{0}};
constexpr ByteArray<1> node_prefix{std::byte{1}};

}  // namespace

TreeHash leaf_hash(BytesView leaf) { return crypto::sha256({leaf_prefix, leaf}); }

TreeHash node_hash(const TreeHash& left, const TreeHash& right) { return crypto::sha256({node_prefix, left, right}); }

TreeHash empty_tree_hash() { return crypto::sha256(BytesView{}); }

Result<Frontier> Frontier::restore(std::uint64_t size, std::span<const TreeHash> peaks) {
  if (peaks.size() != static_cast<std::size_t>(std::popcount(size)))
    return Error{ErrorCode::invalid_input, "a Merkle frontier has one hash per set bit of its size"};
  Frontier frontier;
  frontier.size_ = size;
  frontier.count_ = peaks.size();
  std::ranges::copy(peaks, frontier.peaks_.begin());
  return frontier;
}

void Frontier::add(const TreeHash& leaf) {
  KEYFOLD_CHECK(size_ != UINT64_MAX);
  TreeHash grown = leaf;
  // Each trailing set bit of the size is a perfect subtree as large as the one that has just become complete on its
  // right.
  for (std::uint64_t rest = size_; (rest & 1) != 0; rest >>= 1) grown = node_hash(peaks_[--count_], grown);
  peaks_[count_++] = grown;
  ++size_;
}

TreeHash Frontier::root() const {
  if (count_ == 0) return empty_tree_hash();
  TreeHash root = peaks_[count_ - 1];
  for (std::size_t i = count_ - 1; i > 0; --i) root = node_hash(peaks_[i - 1], root);
  return root;
}

bool operator==(const Frontier& a, const Frontier& b) {
  return a.size_ == b.size_ && std::ranges::equal(a.peaks(), b.peaks());
}

}  // namespace keyfold::audit
