// Any bytes as a segment of the audit log: refused, or read as leaves that, written again, are read as the same tree.

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "keyfold/kms/audit/event.h"
#include "keyfold/kms/audit/segment.h"

using namespace keyfold;         // NOLINT(google-build-using-namespace)
using namespace keyfold::audit;  // NOLINT(google-build-using-namespace)

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  std::vector<BytesView> leaves;
  const auto scan = scan_segment(bytes, [&](std::uint64_t index, BytesView leaf) {
    require(!leaf.empty() && leaf.size() <= leaf_size_max);
    require(leaves.empty() || index != 0);
    (void)event_id_of(as_text(leaf));
    leaves.push_back(leaf);
    return true;
  });
  if (!scan) {
    require(scan.error().code == ErrorCode::corrupt);
    return 0;
  }
  require(scan->leaves == leaves.size() && scan->end <= size && scan->end + scan->torn <= size);
  Bytes again;
  append_header(again, scan->header);
  for (const BytesView leaf : leaves) {
    const auto offset = static_cast<std::uint32_t>(again.size());
    append_frame(again, {scan->header.first_leaf(), offset}, offset, leaf);
  }
  require(again.size() == scan->end);
  const auto reread = scan_segment(again, [](std::uint64_t, BytesView) { return true; });
  require(reread && reread->frontier == scan->frontier && reread->leaves == scan->leaves);
  return 0;
}
