// Opening a log: what is there, whether it is whole, and where the next record goes.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "keyfold/core/base/try.h"
#include "keyfold/kms/audit/committing_log.h"
#include "keyfold/kms/audit/log.h"
#include "keyfold/kms/storage/data_directory.h"

namespace keyfold::audit {
namespace {

Outcome check_options(const Options& options) {
  const bool sound = options.segment_size >= 1 && options.segment_size <= segment_size_limit / 2 &&
                     options.fill_ahead <= segment_size_limit / 8 &&
                     options.pending_max >= frame_overhead + leaf_size_max &&
                     options.pending_max <= segment_size_limit / 8 && options.retry_after.count() > 0 &&
                     options.sync_interval.count() > 0 && options.commit_spacing.count() >= 0;
  if (!sound) return Error{ErrorCode::invalid_input, "audit log: options out of range"};
  return ok();
}

Outcome make_directory(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), 0700) == 0) return storage::sync_directory(directory.parent_path());
  if (errno != EEXIST) return io_error("cannot create", directory, errno);
  return ok();
}

Result<Descriptor> lock_directory(const std::filesystem::path& directory) {
  Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return io_error("cannot open the audit log's directory", directory, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorCode::unavailable, "another process holds the audit log " + directory.string()};
  return fd;
}

Result<CommittingLog::Start> create_log(const Options& options, Random& random, Descriptor lock) {
  SegmentHeader header;
  header.log_id = options.id ? *options.id : random.bytes<16>();
  TRY_ASSIGN(auto segment, SegmentFile::create(options.directory, header, options.fill_ahead));
  return CommittingLog::Start{.lock = std::move(lock),
                              .segment = std::move(segment),
                              .header = header,
                              .frontier = {},
                              .opening = {.created = true}};
}

Result<CommittingLog::Start> open_log(const Options& options, std::uint64_t first_leaf, Descriptor lock) {
  const auto path = options.directory / segment_name(first_leaf);
  TRY_ASSIGN(const auto bytes, read_segment(path));
  TRY(header_of(path, bytes));
  TRY_ASSIGN(const auto scan, scan_segment(bytes, [](std::uint64_t, BytesView) { return true; }));
  if (scan.header.first_leaf() != first_leaf)
    return Error{ErrorCode::corrupt, path.string() + ": not the segment that its name says"};
  if (options.id && scan.header.log_id != *options.id)
    return Error{ErrorCode::corrupt, path.string() + ": of another audit log than this store's"};
  TRY_ASSIGN(auto segment, SegmentFile::open(options.directory, scan, options.fill_ahead));
  return CommittingLog::Start{.lock = std::move(lock),
                              .segment = std::move(segment),
                              .header = scan.header,
                              .frontier = scan.frontier,
                              .opening = {.created = false, .closed = scan.closed, .torn = scan.torn}};
}

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::open(Options options, Random& random, const Clock& clock, Log& log) {
  TRY(check_options(options));
  std::error_code error;
  options.directory = std::filesystem::absolute(options.directory, error).lexically_normal();
  if (!options.directory.has_filename()) options.directory = options.directory.parent_path();
  if (options.missing == Missing::create) TRY(make_directory(options.directory));
  TRY_ASSIGN(auto lock, lock_directory(options.directory));
  TRY_ASSIGN(const auto segments, list_segments(options.directory));
  if (segments.empty() && options.missing == Missing::refuse)
    return Error{ErrorCode::corrupt, "the audit log is gone: no segment in " + options.directory.string()};
  TRY_ASSIGN(auto start, segments.empty() ? create_log(options, random, std::move(lock))
                                          : open_log(options, segments.back(), std::move(lock)));
  if (start.opening.torn != 0)
    log.warning(
        "audit log: the last records were not written whole and have been cut off; nobody was answered for them",
        {{"segment", start.segment.path().string()},
         {"offset", start.segment.end()},
         {"leaf", start.frontier.size()},
         {"bytes", start.opening.torn}});
  return std::unique_ptr<AuditLog>(std::make_unique<CommittingLog>(std::move(options), std::move(start), clock, log));
}

}  // namespace keyfold::audit
