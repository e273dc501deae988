#include "render/kustomize/shared_labels.h"

#include <algorithm>
#include <map>

#include "render/kustomize/field_path.h"
#include "value/note.h"

namespace slipway::render::kustomize {
namespace {

using Path = std::vector<std::string>;
using Group = Resource::SharedLabel;

void write_all(Resource& r, const Group& group, auto&& text_for) {
  for (const Path& path : group.paths) {
    auto after = change_fields(r.object(), path, Missing::skip, [&](const Value& old) -> Result<Value> {
      return old.has(group.key) ? old.with_member(group.key, text_for(old[group.key])) : old;
    });
    if (after) r.set_object(std::move(*after));
  }
}

// What stands under the key at each place that the path leads to, through lists.
void collect(const Value& node, std::span<const std::string> path, std::string_view key, std::vector<Value>& out) {
  for (const Value& item : node.items()) collect(item, path, key, out);
  if (!node.is_object()) return;
  if (path.empty()) {
    if (const Value* text = node.find(key)) out.push_back(*text);
    return;
  }
  if (const Value* field = node.find(path[0])) collect(*field, path.subspan(1), key, out);
}

bool is_same(const Value& a, const Value& b) {
  return a == b && value::note_of(a) == value::note_of(b);
}

void drop_lone(Resource& r) {
  std::erase_if(r.shared_labels, [](const Group& group) { return group.paths.size() < 2; });
}

}  // namespace

void share_labels(Resource& r, const Pairs& pairs, const std::vector<WrittenField>& written) {
  // Those that were there, by their keys: there may be thousands. Each key stands in `pairs` once.
  std::multimap<std::string, size_t> there;
  for (size_t i = 0; i < r.shared_labels.size(); ++i) there.emplace(r.shared_labels[i].key, i);
  for (size_t k = 0; k < pairs.size(); ++k) {
    const auto& [key, text] = pairs[k];
    Group fresh{key, {}};
    auto [first, last] = there.equal_range(key);
    for (const WrittenField& w : written) {
      if (!w.had[k]) {
        // Where a patch took one away that was shared, a new one stands now.
        for (auto at = first; at != last; ++at) std::erase(r.shared_labels[at->second].paths, w.path);
        fresh.paths.push_back(w.path);
        continue;
      }
      for (auto at = first; at != last; ++at) {
        const Group& group = r.shared_labels[at->second];
        if (std::ranges::find(group.paths, w.path) != group.paths.end())
          write_all(r, group, [&](const Value& old) { return text_over(old, text); });
      }
    }
    if (fresh.paths.size() > 1) r.shared_labels.push_back(std::move(fresh));
  }
  drop_lone(r);
}

void follow_shared_labels(Resource& r, const Value& before) {
  if (r.shared_labels.empty() || r.is_removed() || r.object().same_node(before)) return;
  for (const Group& group : r.shared_labels) {
    const Value* changed = nullptr;
    std::vector<Value> now;
    for (const Path& path : group.paths) {
      std::vector<Value> then;
      now.clear();
      collect(before, path, group.key, then);
      collect(r.object(), path, group.key, now);
      if (then.size() != now.size()) continue;
      for (size_t i = 0; i < now.size() && !changed; ++i)
        if (!is_same(then[i], now[i])) changed = &now[i];
      if (changed) break;
    }
    if (changed) write_all(r, group, [text = *changed](const Value&) { return text; });
  }
}

void part_replaced_labels(Resource& r, const Value& before, std::span<const std::string> written, bool in_lists) {
  for (Group& group : r.shared_labels)
    std::erase_if(group.paths, [&](const Path& path) {
      if (written.size() > path.size() || !std::equal(written.begin(), written.end(), path.begin())) return false;
      if (!in_lists) return true;  // also what is a copy of itself
      std::vector<Value> then, now;
      collect(before, std::span(path).first(path.size() - 1), path.back(), then);
      collect(r.object(), std::span(path).first(path.size() - 1), path.back(), now);
      return !std::ranges::equal(then, now, [](const Value& a, const Value& b) { return a.same_node(b); });
    });
  drop_lone(r);
}

void part_shared_annotations(Resource& r) {
  static const Path own = {"metadata", "annotations"};
  for (Group& group : r.shared_labels) std::erase(group.paths, own);
  drop_lone(r);
}

}  // namespace slipway::render::kustomize
