#pragma once
// SegmentFile: the segment that is being written, as a file. For the committer only: not safe to use from several
// threads.

#include <filesystem>
#include <vector>

#include "keyfold/core/base/bytes.h"
#include "keyfold/core/base/result.h"
#include "keyfold/kms/audit/segment.h"

namespace keyfold::audit {

// A file descriptor, closed when it goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

Error io_error(std::string_view what, const std::filesystem::path& path, int error_number);

// The segments of a directory by their first leaf, ascending. Other names are passed over. Fails with `io`, or
// `not_found` when the directory is not there.
Result<std::vector<std::uint64_t>> list_segments(const std::filesystem::path& directory);
// A whole segment. Fails with `io`, or `corrupt` above segment_size_limit.
Result<Bytes> read_segment(const std::filesystem::path& path);
// The header of the segment that `path` had in it. Fails as read_header does, naming the file: a damaged header does
// not say whose it is.
Result<SegmentHeader> header_of(const std::filesystem::path& path, BytesView segment);

class SegmentFile {
 public:
  // Makes a segment that is whole on disk, header and `fill_ahead` bytes of zeros, before it bears its name.
  static Result<SegmentFile> create(const std::filesystem::path& directory, const SegmentHeader& header,
                                    std::size_t fill_ahead);
  // Opens the segment that `scan` was made of, cuts off its torn end, and syncs what is left.
  static Result<SegmentFile> open(const std::filesystem::path& directory, const SegmentScan& scan,
                                  std::size_t fill_ahead);

  std::size_t end() const { return end_; }  // Offset where the next frame goes.
  // Everything before this offset is on disk.
  std::uint32_t synced() const { return static_cast<std::uint32_t>(synced_); }
  FramePlace place(std::size_t offset) const { return {first_leaf_, static_cast<std::uint32_t>(offset)}; }
  const std::filesystem::path& path() const { return path_; }

  // Makes sure that `size` bytes and a mark can be written at end() without the file growing. Fails with `io`: disk
  // full.
  Outcome make_room(std::size_t size);
  // Writes `frames` at end(), where room has been made. Either accept() or roll_back() follows.
  Outcome write(BytesView frames);
  // Makes what write() wrote part of the log: end() moves behind it.
  void accept() { end_ = written_; }
  // Takes back what was written and not accepted.
  Outcome roll_back();
  // fdatasync. After a failure nobody can say what is on the disk: it may not be called again.
  Outcome sync();
  // Says that everything is on disk (call it after sync()); the next frame overwrites it. Not synced itself.
  Outcome write_mark();
  // Whether the log at its path is still this file, whole: not unlinked, renamed, replaced or truncated. Fails with
  // `io`.
  Outcome verify() const;

 private:
  SegmentFile(std::filesystem::path path, Descriptor fd, std::uint64_t first_leaf, std::size_t end, std::size_t filled,
              std::size_t fill_ahead)
      : path_(std::move(path)),
        fd_(std::move(fd)),
        first_leaf_(first_leaf),
        end_(end),
        written_(end),
        filled_(filled),
        fill_ahead_(fill_ahead) {}
  Outcome write_at(std::size_t offset, BytesView bytes) const;

  std::filesystem::path path_;  // Absolute.
  Descriptor fd_;
  std::uint64_t first_leaf_;
  std::size_t end_;
  std::size_t written_;  // end_, or the offset after what is written and not accepted yet.
  std::size_t filled_;   // The size of the file: zeros from end_ (and the mark) on.
  std::size_t fill_ahead_;
  std::size_t synced_ = 0;
};

}  // namespace keyfold::audit
