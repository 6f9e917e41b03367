#pragma once
// One page of a list, and the marker that asks for the next. A marker is opaque to whoever carries it: it names the
// list it belongs to and the last item handed out, so that a list may change between two pages without one being shown
// twice or lost.

#include <string>
#include <string_view>
#include <vector>

#include "keyfold/core/base/result.h"

namespace keyfold::keys {

template <class Item>
struct Page {
  std::vector<Item> items;
  std::string next_marker;  // Empty: there are no more.
};

// `list` says which list and of what ("tags arn:…"); `last` is the sort key of the last item on the page.
std::string make_marker(std::string_view list, std::string_view last);
// The `last` that was put in; empty for an empty marker. Fails with `invalid_marker` when the marker is not of this
// list.
Result<std::string> read_marker(std::string_view list, std::string_view marker);

}  // namespace keyfold::keys
