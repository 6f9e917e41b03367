#include "keyfold/kms/audit/merkle.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

namespace keyfold::audit {
namespace {

std::string hex(const TreeHash& hash) { return to_hex(hash); }

// RFC 6962, section 2.1, word for word: the reference that the frontier is held against.
TreeHash naive_root(std::span<const Bytes> leaves) {
  if (leaves.empty()) return empty_tree_hash();
  if (leaves.size() == 1) return leaf_hash(leaves[0]);
  std::size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  return node_hash(naive_root(leaves.first(split)), naive_root(leaves.subspan(split)));
}

std::vector<Bytes> some_leaves(std::size_t count) {
  std::vector<Bytes> leaves;
  leaves.reserve(count);
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(to_bytes("leaf " + std::to_string(i * i)));
  return leaves;
}

// The inputs and roots of the reference implementation of Certificate Transparency (merkletree/merkle_tree_test.cc).
TEST(Merkle, GivesTheRootsOfTheReferenceImplementation) {
  const std::vector<std::string> leaves = {
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  const std::vector<std::string> roots = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                          "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                          "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                          "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                          "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                          "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                          "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  Frontier frontier;
  EXPECT_EQ(hex(frontier.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    frontier.add(leaf_hash(*from_hex(leaves[i])));
    EXPECT_EQ(frontier.size(), i + 1);
    EXPECT_EQ(hex(frontier.root()), roots[i]) << i + 1 << " leaves";
  }
}

TEST(Merkle, TheFrontierAgreesWithTheRecursionOfTheRfcFor0To300Leaves) {
  const auto leaves = some_leaves(300);
  Frontier frontier;
  for (std::size_t count = 0; count <= leaves.size(); ++count) {
    ASSERT_EQ(frontier.root(), naive_root(std::span(leaves).first(count))) << count << " leaves";
    if (count < leaves.size()) frontier.add(leaf_hash(leaves[count]));
  }
}

TEST(Merkle, AFrontierRestoredAtAnySizeGoesOnToTheSameRoot) {
  const auto leaves = some_leaves(130);
  const TreeHash root = naive_root(leaves);
  Frontier grown;
  for (std::size_t at = 0; at <= leaves.size(); ++at) {
    auto restored = Frontier::restore(grown.size(), grown.peaks());
    ASSERT_TRUE(restored);
    EXPECT_EQ(*restored, grown);
    for (std::size_t i = at; i < leaves.size(); ++i) restored->add(leaf_hash(leaves[i]));
    EXPECT_EQ(restored->root(), root) << "restored at " << at;
    if (at < leaves.size()) grown.add(leaf_hash(leaves[at]));
  }
}

TEST(Merkle, AFrontierOfAnotherNumberOfHashesIsRefused) {
  const std::vector<TreeHash> peaks(65);
  for (const std::uint64_t size : {0ULL, 1ULL, 2ULL, 3ULL, 255ULL, 256ULL, ~0ULL}) {
    const auto right = static_cast<std::size_t>(std::popcount(size));
    for (std::size_t count = 0; count <= 65; ++count) {
      EXPECT_EQ(Frontier::restore(size, std::span(peaks).first(count)).has_value(), count == right)
          << size << " " << count;
    }
  }
}

TEST(Merkle, ALeafIsNeverTakenForANode) {
  const TreeHash left = leaf_hash(as_bytes("a"));
  const TreeHash right = leaf_hash(as_bytes("b"));
  Bytes both(left.begin(), left.end());
  both.insert(both.end(), right.begin(), right.end());
  EXPECT_NE(leaf_hash(both), node_hash(left, right));
}

}  // namespace
}  // namespace keyfold::audit
