#include "render/helm/unread.h"

#include <set>

#include "base/text.h"

namespace slipway::render::helm {

namespace {

constexpr size_t kSentencesMax = 50;

bool word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

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

void add_chart(const Chart& chart, std::set<std::string, std::less<>>& words) {
  for (const ChartFile& file : chart.templates) add_words(*file.data, words);
  add_texts(chart.values, words);
  for (const auto& d : chart.metadata.dependencies) {
    if (!d) continue;
    add_words(d->condition, words);
    for (const std::string& tag : d->tags) add_words(tag, words);
  }
  for (const auto& child : chart.dependencies) add_chart(*child, words);
}

class Search {
 public:
  explicit Search(const Chart& chart) { add_chart(chart, words_); }

  void look(const Chart& chart, const Value& said, const std::string& prefix, const std::string& where) {
    walk(chart, &chart, said, chart.values, prefix, where);
  }

  // What charts say to the charts below them.
  void look_below(const Chart& chart, const std::string& prefix) {
    for (const auto& child : chart.dependencies) {
      std::string path = prefix + child->name() + ".";
      if (const Value& said = chart.values[child->name()]; said.is_object())
        look(*child, said, path, fmt::format(" (set in the values.yaml of chart {})", chart.name()));
      look_below(*child, path);
    }
  }

  std::vector<std::string> sentences;

 private:
  void walk(const Chart& chart, const Chart* at_root, const Value& said, const Value& fallback,
            const std::string& prefix, const std::string& where) {
    for (const value::Member& m : said.members()) {
      std::string key = m.key.str();
      if (sentences.size() >= kSentencesMax) return;
      if (at_root && (key == "global" || key == "tags")) continue;
      if (at_root) {
        const Chart* child = nullptr;
        for (const auto& c : chart.dependencies)
          if (c->name() == key) child = c.get();
        for (const auto& d : chart.metadata.dependencies)
          if (d && d->alias == key)
            for (const auto& c : chart.dependencies)
              if (c->name() == d->name) child = c.get();
        if (child) {
          if (m.value.is_object()) look(*child, m.value, prefix + key + ".", where);
          continue;
        }
        bool off = false;  // a dependency that is not there
        for (const auto& d : chart.metadata.dependencies) off = off || (d && (d->name == key || d->alias == key));
        if (off) continue;
      }
      if (const Value* there = fallback.find(key)) {
        if (m.value.is_object() && there->is_object() && !there->empty())
          walk(chart, nullptr, m.value, *there, prefix + key + ".", where);
        continue;
      }
      // below a table that is empty by default anything may be meant
      if (!at_root && fallback.empty()) continue;
      if (words_.contains(key)) continue;
      std::vector<std::string> near_to;
      for (const value::Member& other : fallback.members()) near_to.push_back(other.key.str());
      auto near = base::nearest(key, near_to);
      sentences.push_back(fmt::format("values: no template of chart {} reads \"{}{}\"{}{}: it has no effect",
                                      chart.name(), prefix, key,
                                      near ? fmt::format(", did you mean \"{}{}\"?", prefix, *near) : "", where));
    }
  }

  std::set<std::string, std::less<>> words_;
};

}  // namespace

std::vector<std::string> unread_values(const Chart& chart, const Value& values) {
  Search search(chart);
  search.look(chart, values, "", "");
  search.look_below(chart, "");
  return std::move(search.sentences);
}

}  // namespace slipway::render::helm
