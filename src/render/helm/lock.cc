#include "render/helm/lock.h"

#include "base/text.h"
#include "runtime/digest.h"
#include "value/go_words.h"
#include "value/json.h"

namespace slipway::render::helm {

namespace {

// As Go's encoding/json writes a chart.Dependency: fields in the struct's order, <, > and & escaped.
std::string go_json(const Dependency& d) {
  auto text = [](std::string_view s) { return value::escaped_for_html(value::to_json(Value(s))); };
  std::string out = "{\"name\":" + text(d.name);
  if (!d.version.empty()) out += ",\"version\":" + text(d.version);
  out += ",\"repository\":" + text(d.repository);
  if (!d.condition.empty()) out += ",\"condition\":" + text(d.condition);
  if (!d.tags.empty()) {
    out += ",\"tags\":[";
    for (size_t i = 0; i < d.tags.size(); ++i) out += (i ? "," : "") + text(d.tags[i]);
    out += "]";
  }
  if (d.enabled) out += ",\"enabled\":true";
  if (d.import_values.is_array() && !d.import_values.empty())
    out += ",\"import-values\":" + value::to_json(d.import_values);
  if (!d.alias.empty()) out += ",\"alias\":" + text(d.alias);
  return out + "}";
}

std::string list(const std::vector<Dependency>& all) {
  std::string out = "[";
  for (const auto& d : all) out += (out.size() > 1 ? "," : "") + go_json(d);
  return out + "]";
}

std::string digest_of(std::string_view json) {
  return "sha256:" + runtime::sha256_hex(json);
}

}  // namespace

std::string lock_digest(const std::vector<Dependency>& wanted, const std::vector<Dependency>& locked) {
  return digest_of("[" + list(wanted) + "," + list(locked) + "]");
}

Result<LockedBy> check_lock(const Chart& chart, const std::vector<Dependency>& wanted, Compat compat) {
  const Lock& lock = *chart.lock;
  if (lock_digest(wanted, lock.dependencies) == lock.digest) return LockedBy::helm3;
  bool v1 = chart.metadata.api_version == "v1";
  std::vector<Dependency> written;
  for (const auto& d : chart.metadata.dependencies) written.push_back(*d);
  if (v1 && digest_of("{\"dependencies\":" + list(written) + "}") == lock.digest) return LockedBy::helm2;
  return fail(ErrorKind::invalid,
              "the lock file ({}) is out of sync with the dependencies file ({}). Please update the dependencies{}",
              v1 ? "requirements.lock" : "Chart.lock", v1 ? "requirements.yaml" : "Chart.yaml",
              compat == Compat::helm4 && !v1 ? " with 'helm dependency update'" : "");
}

}  // namespace slipway::render::helm
