#include "render/helm/explain.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>
#include <utility>

#include "base/text.h"
#include "render/helm/objects.h"
#include "value/json.h"

namespace slipway::render::helm {

namespace {

constexpr int kLinesBefore = 3, kLinesAfter = 2;
constexpr size_t kLineMax = 160, kKeysMax = 8;

void add_layers(const Chart& chart, const std::vector<std::string>& prefix, std::vector<Layer>& out) {
  for (const auto& child : chart.dependencies) {
    auto path = prefix;
    path.push_back(child->name());
    add_layers(*child, path, out);
  }
  auto add = [&](std::string name, const Value& said) {
    Value values = said.is_object() ? said : Value::object();
    for (size_t i = prefix.size(); i-- > 0;) values = Value::object().with_member(prefix[i], std::move(values));
    out.push_back({std::move(name), std::move(values), {}});
  };
  for (const Chart::Imported& one : chart.imported) add(one.from, one.values);
  add(chart.files_path() + "/values.yaml", chart.own_values ? *chart.own_values : chart.values);
}

// A name, or a place in a list.
struct Step {
  std::string name;
  std::optional<size_t> index;
};

// "image.tag", "list[0].name", "annotations.example\\.org/x"; nothing when it is none.
std::optional<std::vector<Step>> steps_of(std::string_view key) {
  std::vector<Step> steps;
  while (true) {
    Step step;
    size_t i = 0;
    for (; i < key.size() && key[i] != '.' && key[i] != '['; ++i) {
      if (key[i] == '\\' && i + 1 < key.size()) ++i;
      step.name += key[i];
    }
    if (step.name.empty()) return std::nullopt;
    steps.push_back(std::move(step));
    key.remove_prefix(i);
    while (key.starts_with('[')) {
      size_t end = key.find(']');
      auto index = end == key.npos ? std::nullopt : base::parse_int(key.substr(1, end - 1));
      if (!index || *index < 0) return std::nullopt;
      steps.push_back({{}, static_cast<size_t>(*index)});
      key.remove_prefix(end + 1);
    }
    if (key.empty()) return steps;
    if (!key.starts_with('.')) return std::nullopt;
    key.remove_prefix(1);
  }
}

const Value* follow(const Value& values, std::span<const Step> steps) {
  const Value* here = &values;
  for (const Step& step : steps) {
    if (!step.index)
      here = here->find(step.name);
    else
      here = here->is_array() && *step.index < here->size() ? &(*here)[*step.index] : nullptr;
    if (here == nullptr) return nullptr;
  }
  return here;
}

// What stands above the key where the key cannot be: a null, another list, a scalar. It replaces the table that weaker
// layers have there. `path` becomes where it stands; null: the layer leaves the key alone.
const Value* taken_away(const Value& values, std::span<const Step>& path) {
  for (size_t n = path.size() - 1; n > 0; --n) {
    const Value* there = follow(values, path.first(n));
    if (there == nullptr) continue;
    if (there->is_object() && !path[n].index) return nullptr;
    path = path.first(n);
    return there;
  }
  return nullptr;
}

// The paths under which a key's value may be said, the weakest first: a sub-chart's globals are those of the charts
// above it too.
std::vector<std::vector<Step>> paths_of(const Chart& chart, const std::vector<Step>& steps) {
  size_t depth = 0;
  for (const Chart* here = &chart; depth < steps.size();) {
    auto child =
        std::ranges::find_if(here->dependencies, [&](const auto& c) { return c->name() == steps[depth].name; });
    if (child == here->dependencies.end()) break;
    here = child->get();
    ++depth;
  }
  std::vector<std::vector<Step>> paths = {steps};
  if (depth == 0 || depth == steps.size() || steps[depth].name != "global") return paths;
  for (size_t above = depth; above-- > 0;) {
    std::vector<Step> path(steps.begin(), steps.begin() + static_cast<ptrdiff_t>(above));
    path.insert(path.end(), steps.begin() + static_cast<ptrdiff_t>(depth), steps.end());
    paths.push_back(std::move(path));
  }
  return paths;
}

std::string shown(std::span<const Step> steps) {
  std::string out;
  for (const Step& step : steps)
    out += step.index ? fmt::format("[{}]", *step.index) : (out.empty() ? "" : ".") + step.name;
  return out;
}

bool word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// "a.b.c" behind each ".Values." of the text, once each.
std::vector<std::string> keys_in(std::string_view text) {
  constexpr std::string_view mark = ".Values.";
  std::vector<std::string> keys;
  for (size_t at = text.find(mark); at != text.npos && keys.size() < kKeysMax; at = text.find(mark, at)) {
    at += mark.size();
    size_t end = at;
    while (end < text.size() &&
           (word_character(text[end]) || (text[end] == '.' && end + 1 < text.size() && word_character(text[end + 1]))))
      ++end;
    std::string key(text.substr(at, end - at));
    if (is_values_method(key)) continue;
    if (!key.empty() && std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
  }
  return keys;
}

// "db." for "web/charts/db/templates/a.yaml": where the chart's values lie in those of the root.
std::string prefix_of(std::string_view template_path) {
  std::string prefix;
  constexpr std::string_view charts = "/charts/";
  for (size_t at = template_path.find(charts); at != template_path.npos; at = template_path.find(charts, at)) {
    at += charts.size();
    prefix += std::string(template_path.substr(at, template_path.find('/', at) - at)) + ".";
  }
  return prefix;
}

bool same(const Step& a, const Step& b) {
  return a.name == b.name && a.index == b.index;
}

// Where the layer says what stands at `path`: its name, and with it those of its keys that are there, above or below.
std::string name_of(const Layer& layer, std::span<const Step> path) {
  std::vector<std::string> keys;
  for (const std::string& key : layer.keys) {
    auto steps = steps_of(key);
    if (!steps || std::ranges::find(keys, key) != keys.end()) continue;
    size_t shared = std::min(steps->size(), path.size());
    if (std::ranges::equal(path.first(shared), std::span(*steps).first(shared), same)) keys.push_back(key);
  }
  return layer.name + (keys.empty() ? "" : " " + base::join(keys, ","));
}

std::string layers_that_set(const std::vector<Layer>& layers, const std::string& key) {
  std::string out;
  auto steps = steps_of(key);
  if (!steps) return out;
  for (const Layer& layer : layers)
    if (follow(layer.values, *steps)) out += (out.empty() ? "" : ", then ") + name_of(layer, *steps);
  return out;
}

// One line about the value at `key`, which messages call `shown`.
std::string about(const std::vector<Layer>& layers, const std::string& key, const std::string& shown) {
  std::string by = layers_that_set(layers, key);
  if (!by.empty()) return fmt::format("  {} is set by {}\n", shown, by);
  // The nearest table above that somebody sets.
  for (size_t dot = key.rfind('.'); dot != key.npos && dot > 0; dot = key.rfind('.', dot - 1)) {
    by = layers_that_set(layers, key.substr(0, dot));
    if (by.empty()) continue;
    size_t cut = key.size() - dot;
    if (cut >= shown.size()) break;
    return fmt::format("  {} is set by nothing, {} by {}\n", shown, shown.substr(0, shown.size() - cut), by);
  }
  return fmt::format("  {} is set by nothing\n", shown);
}

// The name of the chart in a line "NAME:", as a prefix of its values.
bool find_prefix(const Chart& chart, std::string_view name, std::string& prefix) {
  for (const auto& child : chart.dependencies) {
    std::string below = prefix + child->name() + ".";
    if (child->name() == name || find_prefix(*child, name, below)) {
      prefix = below;
      return true;
    }
  }
  return false;
}

bool in_secret(std::string_view rendered, size_t at) {
  size_t start = rendered.rfind("\n---", at);
  if (start == rendered.npos) start = 0;
  size_t end = std::min(rendered.find("\n---", at), rendered.size());
  std::string_view document = rendered.substr(start, end - start);
  for (size_t kind = document.find("kind"); kind != document.npos; kind = document.find("kind", kind + 4)) {
    std::string_view after = document.substr(kind + 4);
    size_t word = after.find_first_not_of(" \t\"':");
    if (word != after.npos && after.substr(word).starts_with("Secret")) return true;
  }
  return false;
}

std::string hidden(std::string_view line) {
  size_t colon = line.find(':');
  if (colon != line.npos) return std::string(line.substr(0, colon + 1)) + (colon + 1 < line.size() ? " (hidden)" : "");
  size_t text = line.find_first_not_of(" \t");
  return text == line.npos ? "" : std::string(line.substr(0, text)) + "(hidden)";
}

std::string cut(std::string_view line) {
  if (line.size() <= kLineMax) return std::string(line);
  size_t end = kLineMax;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  return std::string(line.substr(0, end)) + "...";
}

}  // namespace

std::vector<Layer> chart_layers(const Chart& chart) {
  std::vector<Layer> out;
  add_layers(chart, {}, out);
  return out;
}

const Value* value_at(const Value& values, std::string_view key) {
  auto steps = steps_of(key);
  return steps ? follow(values, *steps) : nullptr;
}

Result<std::string> explain_value(const Chart& chart, const std::vector<Layer>& layers, const Value& all,
                                  std::string_view key) {
  std::string_view bare = key.substr(key.starts_with(".Values.") ? std::string_view(".Values.").size() : 0);
  auto steps = steps_of(bare);
  if (!steps)
    return fail(ErrorKind::bad_request, "--explain-values \"{}\": expected a key as image.tag or list[0].name", key);
  const Value* result = follow(all, *steps);
  std::string out;
  for (const auto& path : paths_of(chart, *steps)) {
    bool is_set = false;
    std::string away;  // counts once the key is set anew, or stays away
    for (const Layer& layer : layers) {
      std::span<const Step> at = path;
      const Value* said = follow(layer.values, at);
      bool sets = said != nullptr;
      if (!sets && is_set) said = taken_away(layer.values, at);
      if (said == nullptr) continue;
      std::string where = at.size() == steps->size() ? "" : fmt::format(" ({})", shown(at));
      away += fmt::format("{}{}: {}\n", name_of(layer, at), where, value::to_json(*said));
      if (!sets) continue;
      is_set = true;
      out += std::exchange(away, {});
    }
    if (result == nullptr) out += away;
  }
  if (out.empty() && !result) {
    // The table that would hold it.
    size_t there = steps->size() - 1;
    const Value* table = nullptr;
    while ((table = follow(all, std::span(*steps).first(there))) == nullptr) --there;
    std::vector<std::string> names;
    for (const value::Member& m : table->members()) names.push_back(m.key.str());
    auto near = base::nearest((*steps)[there].name, names);
    std::string table_name = there == 0 ? "the values" : shown(std::span(*steps).first(there));
    return fail(
        ErrorKind::not_found, "--explain-values {}: nothing sets it, and no chart has it by default: {}", bare,
        near ? fmt::format("did you mean {}?", shown(std::span(*steps).first(there)) + (there == 0 ? "" : ".") + *near)
        : names.empty() ? fmt::format("{} is no table with members", table_name)
                        : fmt::format("{} has {}", table_name, base::join(names, ", ")));
  }
  // What is left: a sub-chart's table that the charts above share.
  if (out.empty()) out = "no layer sets it\n";
  return fmt::format("{}\n{}result: {}\n", bare, out, result ? value::to_json(*result) : "not set");
}

std::string origins_of_values(const std::vector<Layer>& layers, std::string_view template_path, std::string_view text) {
  std::string prefix = prefix_of(template_path), out;
  for (const std::string& key : keys_in(text)) {
    bool global = key == "global" || key.starts_with("global.");
    out += about(layers, (global ? "" : prefix) + key, ".Values." + key);
  }
  return out;
}

std::string origins_of_faults(const Chart& chart, const std::vector<Layer>& layers, std::string_view faults) {
  std::string out, prefix;
  size_t told = 0;
  for (std::string_view line : base::split(faults, '\n')) {
    if (!line.starts_with(' ') && !line.starts_with('-') && line.ends_with(':')) {
      prefix.clear();
      std::string_view name = line.substr(0, line.size() - 1);
      if (name != chart.name()) find_prefix(chart, name, prefix);
      continue;
    }
    constexpr std::string_view mark = "- at '/";
    size_t at = line.find(mark);
    if (at == line.npos || told >= kKeysMax) continue;
    std::string_view pointer = line.substr(at + mark.size());
    pointer = pointer.substr(0, pointer.find('\''));
    std::string key;
    for (std::string_view part : base::split(pointer, '/')) {
      bool index = !part.empty() && std::ranges::all_of(part, [](unsigned char c) { return std::isdigit(c); });
      key += index ? fmt::format("[{}]", part) : fmt::format("{}{}", key.empty() ? "" : ".", part);
    }
    if (key.empty()) continue;
    std::string said = about(layers, prefix + key, ".Values." + key);
    if (out.find(said) != out.npos) continue;  // one value breaks several rules
    ++told;
    out += said;
  }
  return out;
}

std::string rendered_lines(std::string_view path, std::string_view rendered, int line,
                           const std::vector<lang::gotemplate::Origin>& origins) {
  auto lines = base::split(rendered, '\n');
  if (line < 1 || static_cast<size_t>(line) > lines.size()) return {};
  auto at = static_cast<size_t>(lines[static_cast<size_t>(line) - 1].data() - rendered.data());
  bool secret = in_secret(rendered, at);
  std::string out = fmt::format("{} renders to this, line {} is the one:\n", path, line);
  int first = std::max(1, line - kLinesBefore);
  int last = std::min(static_cast<int>(lines.size()), line + kLinesAfter);
  auto width = std::to_string(last).size();
  for (int i = first; i <= last; ++i) {
    std::string_view text = lines[static_cast<size_t>(i) - 1];
    out += fmt::format("{} {:>{}} | {}\n", i == line ? '>' : ' ', i, width, secret ? hidden(text) : cut(text));
  }
  for (size_t i = 0; i < origins.size(); ++i)
    out += fmt::format("{} {}:{}: {}\n", i == 0 ? "  made by" : "  through", origins[i].file, origins[i].line,
                       cut(origins[i].text));
  return out;
}

}  // namespace slipway::render::helm
