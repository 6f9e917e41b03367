#include "keyfold/kms/audit/segment.h"

#include <bit>

#include "keyfold/core/crypto/digest.h"
#include "keyfold/kms/audit/audit_testing.h"
#include "keyfold/kms/audit/crc32c.h"

namespace keyfold::audit {
namespace {

LogId example_id() {
  LogId id;
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::byte>(i);
  return id;
}

// Frames behind a header, each in the place where it stands.
class SegmentBuilder {
 public:
  explicit SegmentBuilder(std::uint64_t first_leaf = 0) {
    SegmentHeader header;
    header.log_id = example_id();
    for (std::uint64_t i = 0; i < first_leaf; ++i) header.frontier.add(leaf_hash(as_bytes("before")));
    first_leaf_ = first_leaf;
    append_header(bytes, header);
    synced_ = bytes.size();
  }
  SegmentBuilder& leaf(std::string_view text) {
    append_frame(bytes, place(), static_cast<std::uint32_t>(synced_), as_bytes(text));
    return *this;
  }
  SegmentBuilder& sync() {
    synced_ = bytes.size();
    return *this;
  }
  SegmentBuilder& mark() {
    append_mark(bytes, place());
    return *this;
  }
  SegmentBuilder& zeros(std::size_t count) {
    bytes.resize(bytes.size() + count);
    return *this;
  }
  Bytes bytes;

 private:
  FramePlace place() const { return {first_leaf_, static_cast<std::uint32_t>(bytes.size())}; }
  std::uint64_t first_leaf_;
  std::size_t synced_;
};

struct Scanned {
  std::vector<std::string> leaves;
  Result<SegmentScan> scan;
};
Scanned scan(BytesView bytes) {
  std::vector<std::string> leaves;
  auto scanned = scan_segment(bytes, [&](std::uint64_t, BytesView leaf) {
    leaves.emplace_back(as_text(leaf));
    return true;
  });
  return {.leaves = std::move(leaves), .scan = std::move(scanned)};
}
bool corrupt(const Scanned& scanned) { return !scanned.scan && scanned.scan.error().code == ErrorCode::corrupt; }

// RFC 3720, appendix B.4, and the usual check value.
TEST(Crc32c, GivesTheKnownAnswers) {
  Bytes ascending(32), zeros(32), ones(32, std::byte{0xff});
  for (std::size_t i = 0; i < ascending.size(); ++i) ascending[i] = static_cast<std::byte>(i);
  for (const auto function : {&crc32c, &crc32c_portable}) {
    EXPECT_EQ(function(0, zeros), 0x8a9136aaU);
    EXPECT_EQ(function(0, ones), 0x62a8ab43U);
    EXPECT_EQ(function(0, ascending), 0x46dd794eU);
    EXPECT_EQ(function(0, as_bytes("123456789")), 0xe3069283U);
    EXPECT_EQ(function(function(0, as_bytes("1234")), as_bytes("56789")), 0xe3069283U);
  }
}

TEST(Crc32c, BothWaysAgreeAtEveryLength) {
  SeededRandom random(7);
  Bytes bytes(200);
  random.fill(bytes);
  for (std::size_t size = 0; size <= bytes.size(); ++size)
    EXPECT_EQ(crc32c(0, BytesView(bytes).first(size)), crc32c_portable(0, BytesView(bytes).first(size)));
}

// docs/formats/audit-log.md prints these bytes.
TEST(Segment, IsTheWorkedExampleOfTheFormatPage) {
  SegmentBuilder first;
  first.leaf(R"({"eventName":"CreateKey"})").sync().leaf(R"({"eventName":"Encrypt"})").sync().mark();
  EXPECT_EQ(to_hex(first.bytes),
            "4b4641554449540a"
            "0001"
            "000102030405060708090a0b0c0d0e0f"
            "0000000000000000"
            "00"
            "8a73e067d9dfdf24c2779f193990b01ad94c96f85add1984af4e5925e0052ab9"
            "00000019"
            "00000043"
            "7b226576656e744e616d65223a224372656174654b6579227d"
            "9c8cb270"
            "00000017"
            "00000068"
            "7b226576656e744e616d65223a22456e6372797074227d"
            "8ae39a1e"
            "000000000000008ba00e3d28");
  const auto scanned = scan(first.bytes);
  ASSERT_TRUE(scanned.scan);
  EXPECT_EQ(to_hex(scanned.scan->frontier.root()), "b08676648923e42a29de34103b759a849ead894c70261249315d9954de63294d");
}

TEST(Segment, OfEveryOtherVersionIsRefusedThoughItsDigestIsRight) {
  const Bytes whole = SegmentBuilder().bytes;
  for (int version = 0; version < 65536; ++version) {
    Bytes header(whole.begin(), whole.end() - 32);
    header[8] = static_cast<std::byte>(version >> 8);
    header[9] = static_cast<std::byte>(version);
    const auto digest = crypto::sha256(header);
    header.insert(header.end(), digest.begin(), digest.end());
    ASSERT_EQ(corrupt(scan(header)), version != 1) << version;
  }
}

TEST(Segment, NamesSortAsLeavesDo) {
  EXPECT_EQ(segment_name(42), "00000000000000000042.kfa");
  EXPECT_EQ(segment_name(UINT64_MAX), "18446744073709551615.kfa");
  for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{10}, UINT64_MAX})
    EXPECT_EQ(first_leaf_of(segment_name(index)), index);
  EXPECT_LT(segment_name(9), segment_name(10));
  for (const char* other : {"", "42.kfa", "00000000000000000042.kfb", "0000000000000000004x.kfa",
                            "-0000000000000000042.kfa", "00000000000000000042.kfa.new", "99999999999999999999.kfa"})
    EXPECT_FALSE(first_leaf_of(other)) << other;
}

TEST(Segment, GivesBackItsLeavesAndTheTree) {
  for (const std::uint64_t first_leaf : {0U, 1U, 5U, 64U}) {
    SegmentBuilder builder(first_leaf);
    Frontier tree;
    for (std::uint64_t i = 0; i < first_leaf; ++i) tree.add(leaf_hash(as_bytes("before")));
    for (const char* leaf : {"a", "bb", "ccc"}) {
      builder.leaf(leaf);
      tree.add(leaf_hash(as_bytes(leaf)));
    }
    const std::size_t end = builder.bytes.size();
    for (const std::size_t zeros : {0U, 1U, 3U, 11U, 12U, 13U, 1000U}) {
      SegmentBuilder copy = builder;
      const auto scanned = scan(copy.zeros(zeros).bytes);
      ASSERT_TRUE(scanned.scan) << scanned.scan.error().message;
      EXPECT_EQ(scanned.leaves, (std::vector<std::string>{"a", "bb", "ccc"}));
      EXPECT_EQ(scanned.scan->frontier, tree);
      EXPECT_EQ(scanned.scan->header.first_leaf(), first_leaf);
      EXPECT_EQ(scanned.scan->end, end);
      EXPECT_EQ(scanned.scan->torn, 0U);
      EXPECT_FALSE(scanned.scan->closed);
    }
    EXPECT_TRUE(scan(builder.sync().mark().zeros(100).bytes).scan->closed);
  }
}

TEST(Segment, ARecordTornAtAnyByteIsCutOff) {
  SegmentBuilder builder;
  builder.leaf("first").sync().leaf("second").sync();
  const std::size_t end = builder.bytes.size();
  builder.leaf("the last one, which nobody was answered for");
  for (std::size_t size = end; size < builder.bytes.size(); ++size) {
    for (const std::size_t zeros : {0U, 100U}) {
      Bytes torn(builder.bytes.begin(), builder.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      torn.resize(size + zeros);
      const auto scanned = scan(torn);
      ASSERT_TRUE(scanned.scan) << size << ": " << scanned.scan.error().message;
      EXPECT_EQ(scanned.leaves.size(), 2U);
      EXPECT_EQ(scanned.scan->end, end);
    }
  }
}

// After a power cut any part of the group may be there and any other not.
TEST(Segment, AnyHoleInTheGroupThatWasNotSyncedIsATornEnd) {
  SegmentBuilder builder;
  builder.leaf("synced").sync();
  const std::size_t end = builder.bytes.size();
  for (int i = 0; i < 6; ++i) builder.leaf("of one group " + std::to_string(i));
  for (std::size_t from = end; from < builder.bytes.size(); ++from) {
    for (std::size_t to = from + 1; to <= builder.bytes.size(); to += 7) {
      Bytes holed = builder.bytes;
      for (std::size_t at = from; at < to; ++at) holed[at] = std::byte{0};
      const auto scanned = scan(holed);
      ASSERT_TRUE(scanned.scan) << from << " to " << to << ": " << scanned.scan.error().message;
      EXPECT_GE(scanned.leaves.size(), 1U);
    }
  }
}

TEST(Segment, EveryFlippedBitOfAClosedSegmentIsFound) {
  SegmentBuilder builder(3);
  builder.leaf("one").leaf("two").sync().leaf("three").sync();
  const std::size_t end = builder.bytes.size();
  builder.mark().zeros(40);
  ASSERT_TRUE(scan(builder.bytes).scan);
  for (std::size_t bit = 0; bit < builder.bytes.size() * 8; ++bit) {
    Bytes flipped = builder.bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto scanned = scan(flipped);
    if (bit / 8 < end) {
      EXPECT_TRUE(corrupt(scanned)) << "byte " << bit / 8;
    } else {
      // In the mark or behind it: no record is concerned, and it shows.
      ASSERT_TRUE(scanned.scan) << "byte " << bit / 8;
      EXPECT_EQ(scanned.leaves.size(), 3U);
      EXPECT_NE(scanned.scan->torn, 0U) << "byte " << bit / 8;
    }
  }
}

TEST(Segment, AFlippedBitIsFoundUnlessItIsInTheLastGroupOfALogThatWasKilled) {
  SegmentBuilder builder;
  builder.leaf("one").sync().leaf("two").sync();
  const std::size_t vouched_for = builder.bytes.size();
  builder.leaf("three");
  for (std::size_t bit = 0; bit < builder.bytes.size() * 8; ++bit) {
    Bytes flipped = builder.bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto scanned = scan(flipped);
    if (bit / 8 < vouched_for) {
      EXPECT_TRUE(corrupt(scanned)) << "byte " << bit / 8;
    } else {
      ASSERT_TRUE(scanned.scan) << "byte " << bit / 8;
      EXPECT_EQ(scanned.leaves.size(), 2U) << "byte " << bit / 8;
      EXPECT_NE(scanned.scan->torn, 0U);
    }
  }
}

TEST(Segment, RecordsThatChangedPlacesAreFound) {
  SegmentBuilder builder;
  builder.leaf("aaaa");
  const std::size_t size = frame_overhead + 4;
  builder.leaf("bbbb").sync().mark();
  Bytes swapped = builder.bytes;
  const std::size_t header = swapped.size() - mark_size - 2 * size;
  std::swap_ranges(swapped.begin() + static_cast<std::ptrdiff_t>(header),
                   swapped.begin() + static_cast<std::ptrdiff_t>(header + size),
                   swapped.begin() + static_cast<std::ptrdiff_t>(header + size));
  EXPECT_TRUE(corrupt(scan(swapped)));
}

TEST(Segment, DamageIsNamedByOffsetAndLeaf) {
  SegmentBuilder builder(7);
  builder.leaf("one").sync();
  const std::size_t second = builder.bytes.size();
  builder.leaf("two").sync().mark();
  builder.bytes[second + 8] ^= std::byte{1};
  const auto scanned = scan(builder.bytes);
  ASSERT_TRUE(corrupt(scanned));
  EXPECT_NE(scanned.scan.error().message.find(segment_name(7) + ", offset " + std::to_string(second) + ", leaf 8"),
            std::string::npos)
      << scanned.scan.error().message;
}

TEST(Segment, EveryTruncationOfTheHeaderIsCorrupt) {
  const SegmentBuilder builder(5);
  for (std::size_t size = 0; size < builder.bytes.size(); ++size)
    EXPECT_TRUE(corrupt(scan(BytesView(builder.bytes).first(size)))) << size;
}

TEST(Segment, ALeafIndexThatNoLogReachesIsCorrupt) {
  const std::vector<TreeHash> peaks(64);
  for (const std::uint64_t first_leaf : {std::uint64_t{1} << 62, std::uint64_t{1} << 63, UINT64_MAX}) {
    SegmentHeader header;
    header.frontier =
        *Frontier::restore(first_leaf, std::span(peaks).first(static_cast<std::size_t>(std::popcount(first_leaf))));
    Bytes bytes;
    append_header(bytes, header);
    append_frame(bytes, {first_leaf, static_cast<std::uint32_t>(bytes.size())}, 0, as_bytes("leaf"));
    EXPECT_EQ(corrupt(scan(bytes)), first_leaf >> 63 != 0);
  }
}

TEST(Segment, AFrameCannotVouchForWhatComesAfterIt) {
  Bytes bytes = SegmentBuilder().bytes;
  const auto offset = static_cast<std::uint32_t>(bytes.size());
  append_frame(bytes, {0, offset}, offset + 1, as_bytes("leaf"));
  const auto scanned = scan(bytes);
  ASSERT_TRUE(scanned.scan);
  EXPECT_TRUE(scanned.leaves.empty());
}

TEST(Segment, TheCallbackMayStop) {
  const SegmentBuilder builder = SegmentBuilder().leaf("one").leaf("two").leaf("three");
  int seen = 0;
  const auto scanned = scan_segment(builder.bytes, [&](std::uint64_t, BytesView) { return ++seen < 2; });
  ASSERT_TRUE(scanned);
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(scanned->leaves, 2U);
}

}  // namespace
}  // namespace keyfold::audit
