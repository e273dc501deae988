#include "sources/unfolded.h"

#include <limits>
#include <optional>
#include <unordered_map>

#include "base/text.h"

namespace slipway::sources {
namespace {

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

void add(uint64_t& sum, uint64_t more) {
  sum = more > kMost - sum ? kMost : sum + more;
}

// Cuts one entry off: "40000 name<NUL><id in bytes>". Nothing: the object is none, or at its end.
struct Entry {
  bool is_tree = false;
  std::string id;
};
std::optional<Entry> next_entry(std::string_view& rest, size_t id_bytes) {
  size_t space = rest.find(' '), end = rest.find('\0');
  if (space == rest.npos || end == rest.npos || end < space || rest.size() - end - 1 < id_bytes) return std::nullopt;
  std::string_view mode = rest.substr(0, space);
  Entry entry{mode == "40000" || mode == "040000", base::hex_encode(rest.substr(end + 1, id_bytes))};
  rest.remove_prefix(end + 1 + id_bytes);
  return entry;
}

struct Counted {
  std::string_view rest;  // not read yet
  Unfolded sum;
  bool open = false, done = false;
};

}  // namespace

Unfolded unfold(const std::vector<BatchObject>& trees, std::string_view root) {
  std::unordered_map<std::string, Counted> known;
  for (const BatchObject& tree : trees)
    if (tree.type == "tree") known[base::to_lower(tree.id)].rest = tree.content;
  auto first = known.find(std::string(root));
  if (first == known.end()) return {};
  std::vector<Counted*> way{&first->second};  // not recursion: a tree may be 20,000 deep
  first->second.open = true;
  while (!way.empty()) {
    Counted& tree = *way.back();
    std::string_view before = tree.rest;
    auto entry = next_entry(tree.rest, root.size() / 2);
    if (!entry) {
      tree.done = true;
      tree.open = false;
      way.pop_back();
      continue;
    }
    if (!entry->is_tree) {
      add(tree.sum.files, 1);
      continue;
    }
    auto inner = known.find(entry->id);
    if (inner == known.end()) continue;
    if (inner->second.open) return {kMost, kMost};
    if (!inner->second.done) {
      tree.rest = before;  // counted when that one is
      inner->second.open = true;
      way.push_back(&inner->second);
      continue;
    }
    add(tree.sum.files, inner->second.sum.files);
    add(tree.sum.directories, inner->second.sum.directories);
    add(tree.sum.directories, 1);
  }
  return first->second.sum;
}

}  // namespace slipway::sources
