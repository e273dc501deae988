#include "render/helm/unread.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.h"
#include "render/helm/values.h"

namespace slipway::render::helm {

namespace {

constexpr size_t kFindingsMax = 50;

using Paths = std::vector<const ReadPath*>;

// "/a~1b" for a/b, as RFC 6901.
std::string pointer_to(const std::string& above, std::string_view key) {
  return above + "/" + value::pointer_escape(key);
}

const ChartUse* child_of(const ChartUse& use, std::string_view key) {
  for (const auto& child : use.below)
    if (child->name == key) return child.get();
  return nullptr;
}

// A dependency of that name is not here: what it reads is not known.
bool is_absent(const ChartUse& use, std::string_view key) {
  return std::ranges::any_of(use.chart->metadata.dependencies, [&](const auto& d) {
    return d && (d->alias.empty() ? d->name : d->alias) == key && !child_of(use, key);
  });
}

bool has_absent(const ChartUse& use) {
  for (const auto& d : use.chart->metadata.dependencies)
    if (d && is_absent(use, d->alias.empty() ? d->name : d->alias)) return true;
  return std::ranges::any_of(use.below, [](const auto& child) { return has_absent(*child); });
}

// Globals are handed down: what any chart below reads is read.
void add_globals(const ChartUse& use, Paths& out) {
  if (const ReadPath* global = use.values->find("global")) out.push_back(global);
  for (const auto& child : use.below) add_globals(*child, out);
}

// Where a table stands that is looked into.
struct Here {
  std::string file, shown, pointer;  // shown: "ports.web.", as people write it
  std::string where;                 // " (set in ...)", behind the message
};

Here below(const Here& here, const std::string& key) {
  return {here.file, here.shown + key + ".", pointer_to(here.pointer, key), here.where};
}

class Search {
 public:
  enum class Of { said, defaults, defaults_for_texts };
  explicit Search(Of of = Of::said) : defaults_(of != Of::said), for_texts_(of == Of::defaults_for_texts) {}

  // All that is said to a chart.
  void look(const ChartUse& use, const Value& said, const Here& here) {
    Paths own = {use.values};
    for (const value::Member& m : said.members()) {
      std::string key = m.key.str();
      if (const ChartUse* child = child_of(use, key)) {
        if (!defaults_ && !use.values->whole && m.value.is_object()) look(*child, m.value, below(here, key));
      } else if (key == "global") {
        Paths globals;
        add_globals(use, globals);
        if (!use.values->whole && !has_absent(use))
          walk(*use.chart, globals, m.value, use.chart->values["global"], below(here, key));
      } else if (!is_absent(use, key)) {
        look_at(*use.chart, own, said, m, use.chart->values, here);
      }
    }
  }

  // What charts say to those below them.
  void look_below(const ChartUse& use, const std::string& prefix) {
    for (const auto& child : use.below) {
      std::string path = prefix + child->name + ".";
      // Aliases are not carried out in it yet, or are: both are read under the alias.
      if (const Value& said = use.chart->values[child->name]; said.is_object() && !use.values->whole)
        look(*child, said, {{}, path, {}, fmt::format(" (set in the values.yaml of chart {})", use.chart->name())});
      look_below(*child, path);
    }
  }

  std::vector<Unread> found;

 private:
  static bool whole(const Paths& paths) {
    return std::ranges::any_of(paths, [](const ReadPath* p) { return p->whole; });
  }

  static bool is_read(const Paths& paths, std::string_view key) {
    return std::ranges::any_of(
        paths, [&](const ReadPath* p) { return p->whole || p->iterated || p->find(key) || p->find("*"); });
  }

  static Paths those_below(const Paths& paths, std::string_view key) {
    Paths out;
    for (const ReadPath* p : paths)
      for (std::string_view name : {key, std::string_view("*")})
        if (const ReadPath* there = p->find(name)) out.push_back(there);
    return out;
  }

  void walk(const Chart& chart, const Paths& paths, const Value& said, const Value& fallback, const Here& here) {
    if (whole(paths)) return;
    if (said.is_array()) return walk_items(chart, paths, said, fallback, here);
    for (const value::Member& m : said.members()) look_at(chart, paths, said, m, fallback, here);
  }

  void look_at(const Chart& chart, const Paths& paths, const Value& table, const value::Member& m,
               const Value& fallback, const Here& here) {
    std::string key = m.key.str();
    if (is_read(paths, key)) {
      if (Paths there = those_below(paths, key); !there.empty() && !whole(paths))
        walk(chart, there, m.value, fallback[key], below(here, key));
      return;
    }
    // Of a table that is asked whether it is empty, the key may be the answer.
    bool may_be_all =
        std::ranges::any_of(paths, [](const ReadPath* p) { return p->tested; }) &&
        (defaults_ || !fallback.is_object() || fallback.empty()) &&
        std::ranges::none_of(table.members(), [&](const auto& o) { return is_read(paths, o.key.view()); });
    // A default that is empty may wait for what users read in texts of theirs.
    const Value& v = m.value;
    bool is_empty =
        v.is_null() || (v.is_string() ? v.as_string().empty() : v.empty() && (v.is_object() || v.is_array()));
    bool may_wait = for_texts_ && is_empty;
    if (!may_be_all && !may_wait) push(chart, paths, fallback, here, key);
  }

  // Items are looked at as if one table held the defaults of all; a key is told of once. Of items that no template
  // looks into, their number may be what counts.
  void walk_items(const Chart& chart, const Paths& list, const Value& said, const Value& fallback, const Here& here) {
    Value known = Value::object();
    for (const Value& item : fallback.items())
      if (item.is_object()) known = merge_files(known, item);
    std::set<std::string, std::less<>> told;
    std::string name = here.shown.substr(0, here.shown.size() - 1);
    for (size_t i = 0; i < said.size(); ++i) {
      Paths paths = those_below(list, std::to_string(i));
      if (std::ranges::all_of(paths, [](const ReadPath* p) { return p->below.empty(); })) continue;
      Value fresh = Value::object();
      for (const value::Member& m : said[i].members())
        if (is_read(paths, m.key.view()) || told.insert(m.key.str()).second) fresh = fresh.with_member(m.key, m.value);
      walk(chart, paths, fresh, known,
           {here.file, fmt::format("{}[{}].", name, i), fmt::format("{}/{}", here.pointer, i), here.where});
    }
  }

  void push(const Chart& chart, const Paths& paths, const Value& fallback, const Here& here, const std::string& key) {
    if (found.size() >= kFindingsMax) return;
    std::vector<std::string> near_to;
    for (const ReadPath* p : paths)
      for (const auto& [name, below] : p->below) near_to.push_back(name);
    for (const value::Member& m : fallback.members())
      if (is_read(paths, m.key.view())) near_to.push_back(m.key.str());
    auto near = defaults_ ? std::nullopt : base::nearest(key, near_to);
    found.push_back({here.file, pointer_to(here.pointer, key),
                     fmt::format("no template of chart {} reads \"{}{}\"{}: it has no effect", chart.name(), here.shown,
                                 key, here.where),
                     near ? fmt::format("did you mean \"{}{}\"?", here.shown, *near) : ""});
  }

  const bool defaults_;   // of a chart itself
  const bool for_texts_;  // where users may have texts run
};

}  // namespace

std::vector<Unread> unread_values(const Reads& reads, const std::vector<Layer>& user) {
  Search search;
  if (!reads.known) return {};
  for (const Layer& layer : user)
    search.look(reads.root, layer.values,
                {layer.file, {}, {}, layer.file.empty() ? fmt::format(" (set by {})", layer.name) : ""});
  return std::move(search.found);
}

std::vector<Unread> unread_by_parents(const Reads& reads) {
  Search search;
  if (reads.known) search.look_below(reads.root, "");
  return std::move(search.found);
}

std::vector<Unread> unread_defaults(const Reads& reads, const std::string& folder) {
  Search search(reads.runs_texts ? Search::Of::defaults_for_texts : Search::Of::defaults);
  if (reads.known)
    search.look(reads.root, reads.root.chart->values,
                {folder.empty() ? "values.yaml" : folder + "/values.yaml", {}, {}, {}});
  return std::move(search.found);
}

}  // namespace slipway::render::helm
