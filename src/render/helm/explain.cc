#include "render/helm/explain.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

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
  Value values = chart.values.is_object() ? chart.values : Value::object();
  for (size_t i = prefix.size(); i-- > 0;) values = Value::object().with_member(prefix[i], std::move(values));
  out.push_back({chart.full_path() + "/values.yaml", std::move(values), {}});
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

// "--set a.b=c" without what it sets: that may be a secret.
std::string_view public_name(std::string_view layer) {
  return layer.starts_with("--set") ? layer.substr(0, layer.find('=')) : layer;
}

std::string layers_that_set(const std::vector<Layer>& layers, const std::string& key) {
  std::string out;
  for (const Layer& layer : layers)
    if (value_at(layer.values, key)) out += (out.empty() ? "" : ", then ") + std::string(public_name(layer.name));
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
  const Value* here = &values;
  for (std::string_view part : base::split(key, '.')) {
    size_t bracket = part.find('[');
    here = here->find(part.substr(0, bracket));
    while (here && bracket != part.npos) {
      auto index = base::parse_int(part.substr(bracket + 1, part.find(']', bracket) - bracket - 1));
      if (!index || *index < 0 || static_cast<size_t>(*index) >= here->size()) return nullptr;
      here = &(*here)[static_cast<size_t>(*index)];
      bracket = part.find('[', bracket + 1);
    }
    if (!here) return nullptr;
  }
  return here;
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
    ++told;
    out += about(layers, prefix + key, ".Values." + key);
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
