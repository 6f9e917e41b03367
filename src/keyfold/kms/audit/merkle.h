#pragma once
// The Merkle tree of RFC 6962, section 2.1, grown leaf by leaf: what is kept is the frontier, the roots of the perfect
// subtrees that the leaves so far fall into, at most 64 hashes. Values; safe to use from several threads as any value
// is. Inclusion and consistency proofs (sections 2.1.1, 2.1.2) will stand beside the frontier, over the segments'
// leaves.

#include <cstdint>
#include <span>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"

namespace keyfold::audit {

using TreeHash = ByteArray<32>;  // SHA-256.

TreeHash leaf_hash(BytesView leaf);                               // SHA-256(0x00 ‖ leaf)
TreeHash node_hash(const TreeHash& left, const TreeHash& right);  // SHA-256(0x01 ‖ left ‖ right)
TreeHash empty_tree_hash();                                       // SHA-256()

class Frontier {
 public:
  static constexpr std::size_t peaks_max = 64;

  Frontier() = default;  // Of no leaves.
  // From what peaks() gave after `size` leaves. Fails with `invalid_input` unless there is one peak per set bit of
  // `size`.
  static Result<Frontier> restore(std::uint64_t size, std::span<const TreeHash> peaks);

  void add(const TreeHash& leaf);
  std::uint64_t size() const { return size_; }  // Leaves so far.
  // The roots of the perfect subtrees, the largest (leftmost) first.
  std::span<const TreeHash> peaks() const { return {peaks_.data(), count_}; }
  TreeHash root() const;  // MTH of all leaves so far.

  friend bool operator==(const Frontier& a, const Frontier& b);

 private:
  std::uint64_t size_ = 0;
  std::size_t count_ = 0;
  std::array<TreeHash, peaks_max> peaks_{};
};

}  // namespace keyfold::audit
