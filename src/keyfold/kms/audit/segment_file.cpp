#include "keyfold/kms/audit/segment_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/storage/data_directory.h"

namespace keyfold::audit {
namespace {

constexpr std::string_view unfinished_name = "unfinished.kfa.new";

Outcome pwrite_all(int fd, const std::filesystem::path& path, std::size_t offset, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return io_error("cannot write", path, written < 0 ? errno : ENOSPC);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::size_t>(written);
  }
  return ok();
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Error io_error(std::string_view what, const std::filesystem::path& path, int error_number) {
  return {ErrorCode::io,
          std::string(what) + " " + path.string() + ": " + std::generic_category().message(error_number)};
}

Result<std::vector<std::uint64_t>> list_segments(const std::filesystem::path& directory) {
  DIR* const listing = ::opendir(directory.c_str());
  if (listing == nullptr) {
    Error error = io_error("cannot list", directory, errno);
    if (errno == ENOENT) error.code = ErrorCode::not_found;
    return error;
  }
  std::vector<std::uint64_t> segments;
  errno = 0;
  while (const dirent* entry = ::readdir(listing)) {
    if (const auto first_leaf = first_leaf_of(entry->d_name)) segments.push_back(*first_leaf);
  }
  const int error_number = errno;
  ::closedir(listing);
  if (error_number != 0) return io_error("cannot list", directory, error_number);
  std::ranges::sort(segments);
  return segments;
}

Result<Bytes> read_segment(const std::filesystem::path& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0) return io_error("cannot read", path, errno);
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::corrupt, path.string() + ": not a file"};
  if (static_cast<std::size_t>(status.st_size) > segment_size_limit)
    return Error{ErrorCode::corrupt, path.string() + ": larger than any audit segment"};
  Bytes bytes(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::pread(fd.get(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read", path, errno);
    if (got == 0) break;  // Cut short in the meantime.
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

Result<SegmentHeader> header_of(const std::filesystem::path& path, BytesView segment) {
  Reader in(segment);
  auto header = read_header(in);
  if (!header) return Error{header.error().code, path.string() + ": " + header.error().message};
  return header;
}

Result<SegmentFile> SegmentFile::create(const std::filesystem::path& directory, const SegmentHeader& header,
                                        std::size_t fill_ahead) {
  const auto unfinished = directory / unfinished_name;
  ::unlink(unfinished.c_str());  // Left by a crash; it never was a segment.
  Descriptor fd(::open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return io_error("cannot create", unfinished, errno);
  Bytes bytes;
  append_header(bytes, header);
  const std::size_t end = bytes.size();
  SegmentFile file(unfinished, std::move(fd), header.first_leaf(), end, end, fill_ahead);
  const auto finish = [&]() -> Outcome {
    TRY(file.write_at(0, bytes));
    TRY(file.make_room(0));
    TRY(file.sync());
    const auto path = directory / segment_name(header.first_leaf());
    // link() refuses to replace what is there: then somebody else has been here.
    if (::link(unfinished.c_str(), path.c_str()) != 0) return io_error("cannot create", path, errno);
    file.path_ = path;
    return ok();
  };
  auto finished = finish();
  ::unlink(unfinished.c_str());
  if (!finished) return std::move(finished).error();
  if (auto synced = storage::sync_directory(directory); !synced) {
    ::unlink(file.path_.c_str());  // So that it can be tried again.
    return std::move(synced).error();
  }
  return file;
}

Result<SegmentFile> SegmentFile::open(const std::filesystem::path& directory, const SegmentScan& scan,
                                      std::size_t fill_ahead) {
  const auto path = directory / segment_name(scan.header.first_leaf());
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0) return io_error("cannot open", path, errno);
  SegmentFile file(path, std::move(fd), scan.header.first_leaf(), scan.end, static_cast<std::size_t>(status.st_size),
                   fill_ahead);
  if (scan.torn != 0) TRY(file.roll_back());
  TRY(file.make_room(0));
  // What a killed process had only written may still be in memory alone.
  TRY(file.sync());
  return file;
}

Outcome SegmentFile::write_at(std::size_t offset, BytesView bytes) const {
  return pwrite_all(fd_.get(), path_, offset, bytes);
}

Outcome SegmentFile::make_room(std::size_t size) {
  static constexpr std::size_t chunk = 65536;
  static constexpr ByteArray<chunk> zeros{};
  const std::size_t needed = end_ + size + mark_size;
  if (needed <= filled_) return ok();
  const std::size_t wanted = needed + fill_ahead_;
  while (filled_ < wanted) {
    const std::size_t step = std::min(chunk, wanted - filled_);
    if (auto written = write_at(filled_, std::span(zeros).first(step)); !written) {
      // Part of it may be there; a size that is not known would look like a file that somebody has cut.
      struct stat status{};
      if (::fstat(fd_.get(), &status) == 0) filled_ = static_cast<std::size_t>(status.st_size);
      if (needed <= filled_) return ok();
      return written;
    }
    filled_ += step;
  }
  return ok();
}

Outcome SegmentFile::write(BytesView frames) {
  TRY(write_at(end_, frames));
  written_ = end_ + frames.size();
  return ok();
}

Outcome SegmentFile::roll_back() {
  if (::ftruncate(fd_.get(), static_cast<off_t>(end_)) != 0) return io_error("cannot truncate", path_, errno);
  written_ = filled_ = end_;
  synced_ = std::min(synced_, end_);
  return make_room(0);
}

Outcome SegmentFile::sync() {
  if (::fdatasync(fd_.get()) != 0) return io_error("cannot sync", path_, errno);
  synced_ = written_;
  return ok();
}

Outcome SegmentFile::write_mark() {
  KEYFOLD_CHECK(synced_ == end_);
  ByteArray<mark_size> mark;
  seal_frame(mark, place(end_), synced());
  return write_at(end_, mark);
}

Outcome SegmentFile::verify() const {
  struct stat ours{};
  struct stat named{};
  if (::fstat(fd_.get(), &ours) != 0) return io_error("cannot look at", path_, errno);
  // The whole path: a directory that was renamed or replaced shows too.
  if (::stat(path_.c_str(), &named) != 0) return io_error("the audit log is gone:", path_, errno);
  if (named.st_ino != ours.st_ino || named.st_dev != ours.st_dev)
    return Error{ErrorCode::io, "the audit log was replaced by another file: " + path_.string()};
  if (static_cast<std::size_t>(ours.st_size) != filled_)
    return Error{ErrorCode::io, "the audit log was cut, or written to by somebody else: " + path_.string()};
  return ok();
}

}  // namespace keyfold::audit
