#pragma once
// The bytes of an audit log's segment: header, frames, mark (docs/formats/audit-log.md). No files here. Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/audit/merkle.h"

namespace keyfold::audit {

inline constexpr std::uint16_t format_version = 1;
inline constexpr std::string_view segment_magic = "KFAUDIT\n";
inline constexpr std::size_t leaf_size_max = std::size_t{1} << 20;  // Bytes.
inline constexpr std::size_t segment_size_limit = std::size_t{1}
                                                  << 30;  // Bytes: no segment is larger, whatever its log's setting.
inline constexpr std::size_t frame_overhead = 12;         // Bytes around a leaf: length, synced, CRC.
inline constexpr std::size_t mark_size = 12;

using LogId = ByteArray<16>;

struct SegmentHeader {
  LogId log_id{};
  Frontier frontier;  // Of all leaves before this segment; its size is the index of the segment's first leaf.
  std::uint64_t first_leaf() const { return frontier.size(); }
  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};
// magic[8] u16 version, log id[16], u64 first leaf, u8 count, count * peak[32], SHA-256[32] of all this.
void append_header(Bytes& out, const SegmentHeader& header);
// Fails with `corrupt`.
Result<SegmentHeader> read_header(Reader& in);

// "00000000000000000042.kfa": the index of its first leaf, 20 digits, so that names sort as leaves do.
std::string segment_name(std::uint64_t first_leaf);
// Nothing when it is not a segment's name.
std::optional<std::uint64_t> first_leaf_of(std::string_view name);

// u32 length ‖ u32 synced ‖ leaf ‖ u32 CRC-32C(u64 first leaf of the segment ‖ u32 offset of the frame ‖ all before).
// `synced`: every byte of the segment before this offset was on disk before the frame was written. It tells a torn end,
// which was never answered for, from damage: a bad frame before a good one that vouches for it is damage.
struct FramePlace {
  std::uint64_t first_leaf;  // Of the segment.
  std::uint32_t offset;      // Of the frame in it.
};
void append_frame(Bytes& out, FramePlace place, std::uint32_t synced, BytesView leaf);
// Completes in place a frame whose leaf is there and whose other fields are not: frame.size() = frame_overhead + leaf.
void seal_frame(std::span<std::byte> frame, FramePlace place, std::uint32_t synced);
// A frame of no leaf: what is before it is on disk, and nothing has been written after it. The next frame overwrites
// it.
void append_mark(Bytes& out, FramePlace place);

enum class FrameKind : std::uint8_t { leaf, mark, end, bad };
struct Frame {
  FrameKind kind = FrameKind::bad;
  std::uint32_t synced = 0;
  BytesView leaf;  // Into the segment.
};
// What stands at `place.offset` of `segment`. `end`: zeros, or the end of the file.
Frame read_frame(BytesView segment, FramePlace place);

// A whole segment, gone through.
struct SegmentScan {
  SegmentHeader header;
  Frontier frontier;       // After its last good leaf.
  std::size_t end = 0;     // Offset after the last good frame.
  std::size_t leaves = 0;  // Good ones in this segment.
  bool closed = false;     // A mark stands at `end`: stopped in an orderly way, or idle.
  std::size_t torn =
      0;  // Bytes from `end` to the last one that is not zero: frames that never got onto the disk whole.
};
// Calls `on_leaf(index, leaf)` for each good leaf (a function that returns false stops the scan there).
// Fails with `corrupt`, naming the offset and the leaf index, when anything but a torn end is wrong.
template <class OnLeaf>
Result<SegmentScan> scan_segment(BytesView segment, OnLeaf&& on_leaf);

// The part of scan_segment that does not depend on the callback: what a frame that is not good at `scan.end` means.
Outcome judge_end(BytesView segment, SegmentScan& scan);
Error frame_error(const SegmentScan& scan, const char* what);

template <class OnLeaf>
Result<SegmentScan> scan_segment(BytesView segment, OnLeaf&& on_leaf) {
  if (segment.size() > segment_size_limit) return Error{ErrorCode::corrupt, "larger than any audit segment"};
  Reader in(segment);
  auto header = read_header(in);
  if (!header) return std::move(header).error();
  SegmentScan scan{.header = *header, .frontier = header->frontier, .end = in.position()};
  std::uint32_t synced = 0;
  for (;;) {
    const Frame frame = read_frame(segment, {scan.header.first_leaf(), static_cast<std::uint32_t>(scan.end)});
    if (frame.kind != FrameKind::leaf) break;
    if (frame.synced < synced || frame.synced > scan.end)
      return frame_error(scan, "a frame vouches for what is not before it");
    synced = frame.synced;
    const std::uint64_t index = scan.frontier.size();
    scan.frontier.add(leaf_hash(frame.leaf));
    scan.end += frame_overhead + frame.leaf.size();
    ++scan.leaves;
    if (!on_leaf(index, frame.leaf)) return scan;
  }
  if (auto judged = judge_end(segment, scan); !judged) return std::move(judged).error();
  return scan;
}

}  // namespace keyfold::audit
