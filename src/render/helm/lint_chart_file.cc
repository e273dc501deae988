// The rules of lint about Chart.yaml.
#include <algorithm>

#include "base/text.h"
#include "lang/semver/semver.h"
#include "render/helm/go_json.h"
#include "render/helm/lint.h"
#include "render/helm/lint_addresses.h"
#include "value/yaml_repeats.h"

namespace slipway::render::helm {

namespace {

using Fault = std::optional<std::string>;

Fault name_fault(const Metadata& m) {
  if (m.name.empty()) return "name is required";
  if (m.name.find('/') != m.name.npos) return fmt::format("chart name {} is invalid", go_quote(m.name));
  return std::nullopt;
}

Fault api_version_fault(const Metadata& m) {
  constexpr std::string_view wanted = R"(The value must be either "v1" or "v2")";
  if (m.api_version.empty()) return fmt::format("apiVersion is required. {}", wanted);
  if (m.api_version == "v1" || m.api_version == "v2") return std::nullopt;
  return fmt::format("apiVersion '{}' is not valid. {}", m.api_version, wanted);
}

Fault text_fault(const Value& root, const char* field) {
  const Value* v = root.find(field);
  if (!v || v->is_string()) return std::nullopt;
  return fmt::format("{} should be of type string but it's of type {}", field, go_type(*v));
}

Fault version_fault(const Metadata& m) {
  if (m.version.empty()) return "version is required";
  auto version = lang::semver::Version::parse(m.version);
  if (!version) return fmt::format("version '{}' is not a valid SemVer", m.version);
  if (auto range = lang::semver::Range::parse(">0.0.0-0"); range && !range->contains(*version))
    return fmt::format("version {} is less than or equal to 0.0.0-0", m.version);
  return std::nullopt;
}

// Three numbers, no "v" before them: as it would be written.
Fault strict_version_fault(const Metadata& m) {
  auto version = lang::semver::Version::parse(m.version);
  if (version && version->str() == m.version) return std::nullopt;
  return fmt::format("version '{}' is not a valid SemVerV2", m.version);
}

Fault maintainer_fault(const Metadata& m) {
  for (const Maintainer& one : m.maintainers) {
    if (one.is_null) return "a maintainer entry is empty";
    if (one.name.empty()) return "each maintainer requires a name";
    if (!one.email.empty() && !is_email(one.email))
      return fmt::format("invalid email '{}' for maintainer '{}'", one.email, one.name);
    if (!one.url.empty() && !is_url(one.url))
      return fmt::format("invalid url '{}' for maintainer '{}'", one.url, one.name);
  }
  return std::nullopt;
}

Fault source_fault(const Metadata& m) {
  for (const std::string& source : m.sources)
    if (!is_request_url(source)) return fmt::format("invalid source URL '{}'", source);
  return std::nullopt;
}

using Fields = std::span<const std::string_view>;

bool is_known(std::string_view key, Fields fields) {
  return std::ranges::any_of(fields, [&](std::string_view field) { return fits_field(key, field); });
}

// The first that Helm's struct lacks, in the order of the JSON that the file becomes.
Fault unknown_field(const Value& root) {
  static constexpr std::string_view kChart[] = {
      "name",        "home",        "sources",     "version",      "description", "keywords",
      "maintainers", "icon",        "apiVersion",  "condition",    "tags",        "appVersion",
      "deprecated",  "annotations", "kubeVersion", "dependencies", "type"};
  static constexpr std::string_view kMaintainer[] = {"name", "email", "url"};
  static constexpr std::string_view kDependency[] = {"name", "version", "repository",    "condition",
                                                     "tags", "enabled", "import-values", "alias"};
  for (const value::Member& m : root.members()) {
    if (!is_known(m.key.view(), kChart)) return m.key.str();
    bool people = fits_field(m.key.view(), "maintainers");
    if (!people && !fits_field(m.key.view(), "dependencies")) continue;
    for (const Value& item : m.value.items())
      for (const value::Member& field : item.members())
        if (!is_known(field.key.view(), people ? Fields(kMaintainer) : Fields(kDependency))) return field.key.str();
  }
  return std::nullopt;
}

// What Helm 4 finds when it reads the file once more, strictly.
Fault strict_fault(std::string_view text, const Value& root) {
  constexpr std::string_view what = "failed to strictly parse chart metadata file\n\t";
  std::string repeated;
  for (const value::RepeatedKey& one : value::repeated_keys_of(text))
    repeated += fmt::format("\n  line {}: key {} already set in map", one.line, one.key);
  if (!repeated.empty())
    return fmt::format("{}error converting YAML to JSON: yaml: unmarshal errors:{}", what, repeated);
  if (Fault field = unknown_field(root))
    return fmt::format("{}error unmarshaling JSON: while decoding JSON: json: unknown field {}", what,
                       go_quote(*field));
  return std::nullopt;
}

}  // namespace

std::vector<Finding> lint_chart_file(std::string_view text, Compat compat) {
  std::vector<Finding> found;
  auto rule = [&](Fault fault, Severity severity = Severity::error) {
    if (fault) found.push_back({severity, "Chart.yaml", std::move(*fault)});
  };
  auto metadata = read_metadata(text);
  if (!metadata) {
    rule("unable to parse YAML\n\t" + metadata.error().str());
    return found;
  }
  Value root = read_yaml(text).value_or(Value());
  const Metadata& m = *metadata;
  bool helm4 = compat == Compat::helm4;
  if (helm4) rule(strict_fault(text, root), Severity::warning);
  rule(name_fault(m));
  rule(api_version_fault(m));
  rule(text_fault(root, "version"));
  rule(version_fault(m));
  rule(text_fault(root, "appVersion"));
  rule(maintainer_fault(m));
  rule(source_fault(m));
  if (m.icon.empty()) rule("icon is recommended", Severity::info);
  if (!m.icon.empty() && !is_request_url(m.icon)) rule(fmt::format("invalid icon URL '{}'", m.icon));
  bool v2 = m.api_version == "v2";
  if (!m.type.empty() && !v2)
    rule(fmt::format("chart type is not valid in apiVersion '{}'. It is valid in apiVersion 'v2'", m.api_version));
  if (!m.dependencies.empty() && !v2)
    rule(
        fmt::format("dependencies are not valid in the Chart file with apiVersion '{}'. They are valid in apiVersion "
                    "'v2'",
                    m.api_version));
  if (helm4) rule(strict_version_fault(m), Severity::warning);
  return found;
}

}  // namespace slipway::render::helm
