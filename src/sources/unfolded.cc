#include "sources/unfolded.h"

#include "base/text.h"

namespace slipway::sources {
namespace {

void add(uint64_t& sum, uint64_t more) {
  sum = more > Unfolded::most - sum ? Unfolded::most : sum + more;
}

struct Counted {
  std::string_view rest;  // not read yet
  Unfolded sum;
  bool open = false, done = false;
};

}  // namespace

std::optional<TreeEntry> next_entry(std::string_view& content, size_t id_bytes) {
  size_t space = content.find(' '), end = content.find('\0');
  if (space == content.npos || end == content.npos || end < space || content.size() - end - 1 < id_bytes)
    return std::nullopt;
  TreeEntry entry{content.substr(0, space), content.substr(space + 1, end - space - 1),
                  content.substr(end + 1, id_bytes)};
  content.remove_prefix(end + 1 + id_bytes);
  return entry;
}

std::unordered_map<std::string, Unfolded> unfold(const Trees& trees, std::string_view root) {
  std::unordered_map<std::string, Counted> known;
  for (const BatchObject& tree : trees.read)
    if (tree.type == "tree") known[base::to_lower(tree.id)].rest = tree.content;
  for (std::string_view id : trees.too_long) {
    Counted& tree = known[base::to_lower(id)];
    tree.sum.files = Unfolded::most;
    tree.done = true;
  }
  auto first = known.find(std::string(root));
  if (first == known.end()) return {};
  std::vector<Counted*> way;  // not recursion: a tree may be 20,000 deep
  if (!first->second.done) way.push_back(&first->second);
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
    if (!entry->is_tree()) {
      add(tree.sum.files, 1);
      continue;
    }
    auto inner = known.find(base::hex_encode(entry->raw_id));
    if (inner == known.end()) continue;
    if (inner->second.open) {
      tree.sum = {Unfolded::most, Unfolded::most};
      continue;
    }
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
  std::unordered_map<std::string, Unfolded> sums;
  for (const auto& [id, tree] : known) sums[id] = tree.sum;
  return sums;
}

}  // namespace slipway::sources
