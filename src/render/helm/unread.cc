#include "render/helm/unread.h"

#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "render/helm/taken_whole.h"
#include "render/helm/values.h"

namespace slipway::render::helm {

namespace {

constexpr size_t kFindingsMax = 50;

// Every run of word characters in the templates of all charts, and in texts that tpl may run.
void add_words(std::string_view text, std::set<std::string, std::less<>>& words) {
  for (size_t i = 0; i < text.size();) {
    if (!word_character(text[i])) {
      ++i;
      continue;
    }
    size_t start = i;
    while (i < text.size() && word_character(text[i])) ++i;
    std::string_view word = text.substr(start, i - start);
    words.emplace(word);
    // "a-b" may be a.b minus something: its parts count too
    for (std::string_view part : base::split(word, '-')) words.emplace(part);
  }
}

void add_texts(const Value& v, std::set<std::string, std::less<>>& words) {
  if (v.is_string() && v.as_string().find("{{") != std::string_view::npos) add_words(v.as_string(), words);
  for (const Value& item : v.items()) add_texts(item, words);
  for (const value::Member& m : v.members()) add_texts(m.value, words);
}

void add_chart(const Chart& chart, std::set<std::string, std::less<>>& words, std::string& texts) {
  for (const ChartFile& file : chart.templates) {
    add_words(*file.data, words);
    texts += *file.data + "\n";
  }
  add_texts(chart.values, words);
  for (const auto& d : chart.metadata.dependencies) {
    if (!d) continue;
    add_words(d->condition, words);
    for (const std::string& tag : d->tags) add_words(tag, words);
  }
  for (const auto& child : chart.dependencies) add_chart(*child, words, texts);
}

// "/a~1b" for a/b, as RFC 6901.
std::string pointer_to(const std::string& above, std::string_view key) {
  std::string part = base::replace_all(base::replace_all(std::string(key), "~", "~0"), "/", "~1");
  return above + "/" + part;
}

// The dependency that `key` of a chart's values belongs to: true; `child`: the chart, when it is there.
bool is_dependency(const Chart& chart, const std::string& key, const Chart*& child) {
  child = nullptr;
  for (const auto& c : chart.dependencies)
    if (c->name() == key) child = c.get();
  bool known = child != nullptr;
  for (const auto& d : chart.metadata.dependencies) {
    if (!d || (d->name != key && d->alias != key)) continue;
    known = true;
    if (d->alias == key)
      for (const auto& c : chart.dependencies)
        if (c->name() == d->name) child = c.get();
  }
  return known;
}

// Where a table stands that is looked into: in a layer, and in the chart's values.
struct Here {
  std::string file, shown, pointer;  // shown: "ports.web.", as people write it
  std::string where;                 // " (set in ...)", behind the message
};

class Search {
 public:
  explicit Search(const Chart& chart) { add_chart(chart, words_, texts_); }

  void look(const Chart& chart, const Value& said, const Here& here) {
    if (!reads_all(chart)) walk(chart, true, said, chart.values, here);
  }

  // What charts say to the charts below them.
  void look_below(const Chart& chart, const std::string& prefix) {
    if (reads_all(chart)) return;
    for (const auto& child : chart.dependencies) {
      std::string path = prefix + child->name() + ".";
      if (const Value& said = chart.values[child->name()]; said.is_object())
        look(*child, said, {{}, path, {}, fmt::format(" (set in the values.yaml of chart {})", chart.name())});
      look_below(*child, path);
    }
  }

  // The chart's own defaults. `texts`: all its templates as one.
  void look_at_defaults(const Chart& chart, const Value& table, const std::string& texts, const Here& here) {
    if (here.shown.empty() && takes_all_values(texts)) return;
    for (const value::Member& m : table.members()) {
      std::string key = m.key.str();
      if (found.size() >= kFindingsMax) return;
      if (here.shown.empty()) {
        const Chart* child = nullptr;
        if (key == "global" || key == "tags" || is_dependency(chart, key, child)) continue;
      }
      if (!words_.contains(key)) {
        push(chart, here, key, {});
        continue;
      }
      // Only tables whose members are always named one by one: ".ports.web", never ".ports" alone.
      if (m.value.is_object() && !m.value.empty() && never_whole(texts, key))
        look_at_defaults(chart, m.value, texts, {here.file, here.shown + key + ".", pointer_to(here.pointer, key), {}});
    }
  }

  std::vector<Unread> found;

 private:
  static bool never_whole(const std::string& texts, const std::string& key) {
    for (size_t at = texts.find(key); at != std::string::npos; at = texts.find(key, at + 1)) {
      if (names_itself(texts, at, key.size())) return false;
    }
    return true;
  }

  bool reads_all(const Chart& chart) {
    auto [at, fresh] = reads_all_.try_emplace(&chart, false);
    if (fresh) {
      std::string texts;
      for (const ChartFile& file : chart.templates) texts += *file.data + "\n";
      at->second = takes_all_values(texts);
    }
    return at->second;
  }

  void push(const Chart& chart, const Here& here, const std::string& key, const std::optional<std::string>& near) {
    found.push_back({here.file, pointer_to(here.pointer, key),
                     fmt::format("no template of chart {} reads \"{}{}\"{}: it has no effect", chart.name(), here.shown,
                                 key, here.where),
                     near ? fmt::format("did you mean \"{}{}\"?", here.shown, *near) : ""});
  }

  void walk(const Chart& chart, bool at_root, const Value& said, const Value& fallback, const Here& here) {
    for (const value::Member& m : said.members()) {
      std::string key = m.key.str();
      if (found.size() >= kFindingsMax) return;
      if (at_root && (key == "global" || key == "tags")) continue;
      Here below{here.file, here.shown + key + ".", pointer_to(here.pointer, key), here.where};
      const Chart* child = nullptr;
      if (at_root && is_dependency(chart, key, child)) {
        if (child && m.value.is_object()) look(*child, m.value, below);
        continue;
      }
      if (const Value* there = fallback.find(key)) {
        if (m.value.is_object() && there->is_object() && !there->empty()) {
          if (!taken(key).whole) walk(chart, false, m.value, *there, below);
        } else if (m.value.is_array() && there->is_array()) {
          Taken how = taken(key);
          if (how.ranged && !how.whole) walk_items(chart, m.value, *there, below);
        }
        continue;
      }
      // below a table that is empty by default anything may be meant
      if (!at_root && fallback.empty()) continue;
      if (words_.contains(key)) continue;
      std::vector<std::string> near_to;
      for (const value::Member& other : fallback.members()) near_to.push_back(other.key.str());
      push(chart, here, key, base::nearest(key, near_to));
    }
  }

  // Items are looked at as if one table held the defaults of all; a key is told of once.
  void walk_items(const Chart& chart, const Value& said, const Value& fallback, const Here& list) {
    Value known = Value::object();
    for (const Value& item : fallback.items()) known = merge_files(known, item);
    std::set<std::string, std::less<>> told;
    std::string name = list.shown.substr(0, list.shown.size() - 1);
    for (size_t i = 0; i < said.size(); ++i) {
      Value fresh = Value::object();
      for (const value::Member& m : said[i].members())
        if (told.insert(m.key.str()).second || known.find(m.key)) fresh = fresh.with_member(m.key, m.value);
      // Under a key that no default has, anything may be meant, unless no template has the word.
      Here here{list.file, fmt::format("{}[{}].", name, i), fmt::format("{}/{}", list.pointer, i), list.where};
      walk(chart, false, fresh, known.empty() ? Value{{"", Value()}} : known, here);
    }
  }

  const Taken& taken(const std::string& key) {
    auto at = taken_.find(key);
    if (at == taken_.end()) at = taken_.emplace(key, how_taken(texts_, key)).first;
    return at->second;
  }

  std::set<std::string, std::less<>> words_;
  std::string texts_;  // of all templates
  std::map<std::string, Taken, std::less<>> taken_;
  std::map<const Chart*, bool> reads_all_;
};

}  // namespace

std::vector<Unread> unread_values(const Chart& chart, const std::vector<Layer>& user) {
  Search search(chart);
  for (const Layer& layer : user)
    search.look(chart, layer.values,
                {layer.file, {}, {}, layer.file.empty() ? fmt::format(" (set by {})", layer.name) : ""});
  search.look_below(chart, "");
  return std::move(search.found);
}

std::vector<Unread> unread_defaults(const Chart& chart, const std::string& folder) {
  Search search(chart);
  std::string texts;
  for (const ChartFile& file : chart.templates) texts += *file.data + "\n";
  search.look_at_defaults(chart, chart.values, texts,
                          {folder.empty() ? "values.yaml" : folder + "/values.yaml", {}, {}, {}});
  return std::move(search.found);
}

}  // namespace slipway::render::helm
