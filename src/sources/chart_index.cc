#include <algorithm>

#include "base/text.h"
#include "lang/semver/semver.h"
#include "sources/chart_repository.h"
#include "value/yaml.h"

namespace slipway::sources {

using lang::semver::Range;
using lang::semver::Version;

Result<ChartIndex> ChartIndex::parse(std::string_view text) {
  value::YamlLimits limits;
  limits.bytes_max = 64 << 20;
  limits.first_only = true;
  auto documents = value::parse_yaml_documents(text, "index.yaml", limits, value::DuplicateKeys::last_wins);
  if (!documents) {
    std::string words = value::go_yaml_error(text, true);
    if (words.empty() || documents.failed_with(ErrorKind::too_large)) return std::move(documents).error();
    return fail(ErrorKind::invalid, "error converting YAML to JSON: {}", words);
  }
  if (documents->empty()) return fail(ErrorKind::invalid, "empty index.yaml file");
  const Value& root = (*documents)[0].value;
  if (!root.is_object() || root["apiVersion"].as_string().empty())
    return fail(ErrorKind::invalid, "no API version specified");
  ChartIndex index;
  for (const value::Member& m : root["entries"].members()) {
    std::vector<std::pair<Version, ChartVersion>> versions;
    for (const Value& entry : m.value.items()) {
      auto text_of = [&](const char* key) {
        const Value& v = entry[key];
        return v.is_string() ? v.str() : v.is_number() ? fmt::format("{}", v.as_double()) : std::string();
      };
      auto version = Version::parse(text_of("version"));
      if (!version || entry["name"].as_string().empty()) continue;
      ChartVersion one{.name = entry["name"].str(),
                       .version = text_of("version"),
                       .app_version = text_of("appVersion"),
                       .description = text_of("description"),
                       .digest = text_of("digest"),
                       .urls = {},
                       .entry = entry,
                       .deprecated = entry["deprecated"].as_bool()};
      for (const Value& url : entry["urls"].items()) one.urls.push_back(url.str());
      versions.emplace_back(std::move(*version), std::move(one));
    }
    std::vector<size_t> order(versions.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, [&](size_t a, size_t b) {
      int d = versions[a].first.compare(versions[b].first);
      return d != 0 ? d > 0 : a < b;
    });
    std::vector<ChartVersion> sorted;
    for (size_t i : order) sorted.push_back(std::move(versions[i].second));
    index.entries_.emplace_back(m.key.str(), std::move(sorted));
  }
  return index;
}

std::vector<std::string> ChartIndex::names() const {
  std::vector<std::string> out;
  for (const auto& [name, _] : entries_) out.push_back(name);
  return out;
}

const std::vector<ChartVersion>* ChartIndex::versions(const std::string& name) const {
  for (const auto& [key, versions] : entries_)
    if (key == name) return &versions;
  return nullptr;
}

Result<ChartVersion> ChartIndex::find(const std::string& name, const std::string& range) const {
  const auto* all = versions(name);
  if (!all || all->empty()) return fail(ErrorKind::not_found, "no chart name found");
  for (const ChartVersion& one : *all)
    if (!range.empty() && one.version == range) return one;
  auto wanted = Range::parse(range.empty() ? "*" : range);
  if (!wanted) return fail(ErrorKind::invalid, "improper constraint: \"{}\"", range);
  for (const ChartVersion& one : *all)
    if (wanted->contains(*Version::parse(one.version))) return one;
  return fail(ErrorKind::not_found, "no chart version found for {}-{}", name, range);
}

std::string ChartIndex::offers(const std::string& name) const {
  const auto* all = versions(name);
  if (!all || all->empty()) {
    auto near = base::nearest(name, names());
    return near ? fmt::format("did you mean \"{}\"?", *near) : fmt::format("it lists {} charts", entries_.size());
  }
  std::string there = "the newest there are ";
  for (size_t i = 0; i < std::min<size_t>(5, all->size()); ++i) there += (i ? ", " : "") + (*all)[i].version;
  return there;
}

}  // namespace slipway::sources
