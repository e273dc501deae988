// What a tree of Git's holds once it is unfolded. A dozen tiny trees can name one another 10^12 times; counting each
// only once tells so at once, where a walk would not end.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sources/object_text.h"

namespace slipway::sources {

struct Unfolded {
  static constexpr uint64_t most = std::numeric_limits<uint64_t>::max();
  uint64_t files = 0;  // and links and submodules
  uint64_t directories = 0;
};
// Trees as `cat-file --batch` gives them, and ids of others that are too long to be read; hex, lower case.
struct Trees {
  std::vector<BatchObject> read;
  std::vector<std::string_view> too_long;
};
// Of the tree `root`, and of all that it names among `trees`, by id. One that is too long, or that holds itself, which
// no hash allows but a forged object may say, holds the most there is; what is not there at all holds nothing.
std::unordered_map<std::string, Unfolded> unfold(const Trees& trees, std::string_view root);

// One entry of a tree's content.
struct TreeEntry {
  std::string_view mode, name;
  std::string_view raw_id;  // its bytes
  bool is_tree() const { return mode == "40000" || mode == "040000"; }
};
// Cuts the first one off: "40000 name<NUL><id in bytes>". Nothing: the content is none, or at its end.
std::optional<TreeEntry> next_entry(std::string_view& content, size_t id_bytes);

}  // namespace slipway::sources
