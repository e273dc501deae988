// Admission webhooks. Match conditions are looked at as text: no CEL here.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "kinds/checks.h"

namespace slipway::kinds {

namespace {

bool has(const Value& list, std::string_view word) {
  return std::ranges::find(list.items(), Value(word)) != list.items().end();
}

void check_one_of(Checks& c, const Value& v, const Path& at, std::vector<std::string> supported) {
  if (!v.is_null() && std::ranges::find(supported, v.as_string()) == supported.end()) c.not_supported(at, v, supported);
}

// A list that is there, has nothing beside its wildcard and no empty item.
void check_words(Checks& c, const Value& list, const Path& at, std::string_view others, bool empty_ones) {
  if (list.empty()) c.required(at);
  if (list.size() > 1 && has(list, "*"))
    c.invalid(at, list, fmt::format("if '*' is present, must not specify other {}", others));
  for (size_t i = 0; i < list.size() && !empty_ones; ++i)
    if (list[i].as_string().empty()) c.required(at[i]);
}

void check_resources(Checks& c, const Value& list, const Path& at) {
  if (list.empty()) c.required(at);
  std::set<std::string> all_subresources_of, all_with_subresource;
  bool alone = false;  // a resource without subresource, by the last such item, as upstream has it
  for (size_t i = 0; i < list.size(); ++i) {
    std::string text = list[i].str();
    if (text.empty()) {
      c.required(at[i]);
      continue;
    }
    size_t slash = text.find('/');
    if (slash == text.npos) {
      alone = text != "*";
      continue;
    }
    std::string resource = text.substr(0, slash), sub = text.substr(slash + 1);
    if (all_subresources_of.contains(resource))
      c.invalid(at[i], text, fmt::format("if '{}/*' is present, must not specify {}", resource, text));
    if (all_with_subresource.contains(sub))
      c.invalid(at[i], text, fmt::format("if '*/{}' is present, must not specify {}", sub, text));
    if (sub == "*") all_subresources_of.insert(resource);
    if (resource == "*") all_with_subresource.insert(sub);
  }
  if (list.size() > 1 && has(list, "*/*")) c.invalid(at, list, "if '*/*' is present, must not specify other resources");
  if (has(list, "*") && alone)
    c.invalid(at, list, "if '*' is present, must not specify other resources without subresources");
}

void check_rule(Checks& c, const Value& rule, const Path& at) {
  check_words(c, rule["operations"], at / "operations", "operations", true);
  for (size_t i = 0; i < rule["operations"].size(); ++i)
    check_one_of(c, rule["operations"][i], (at / "operations")[i], {"*", "CONNECT", "CREATE", "DELETE", "UPDATE"});
  check_words(c, rule["apiGroups"], at / "apiGroups", "API groups", true);
  check_words(c, rule["apiVersions"], at / "apiVersions", "API versions", false);
  check_resources(c, rule["resources"], at / "resources");
  check_one_of(c, rule["scope"], at / "scope", {"*", "Cluster", "Namespaced"});
}

void check_url(Checks& c, std::string text, const Path& at) {
  constexpr std::string_view form = "; desired format: https://host[/path]";
  for (size_t i = text.find('%'); i != text.npos; i = text.find('%', i + 1)) {
    std::string_view escape = std::string_view(text).substr(i, 3);
    if (escape.size() < 3 || escape.find_first_not_of("0123456789abcdefABCDEF", 1) != escape.npos)
      return c.required(
          at, fmt::format("url must be a valid URL: parse \"{}\": invalid URL escape \"{}\"{}", text, escape, form));
  }
  auto cut = [&](char mark) {
    size_t found = text.find(mark);
    std::string rest = found == text.npos ? "" : text.substr(found + 1);
    if (found != text.npos) text.resize(found);
    return rest;
  };
  std::string fragment = cut('#'), query = cut('?'), scheme, host, user;
  if (size_t colon = text.find(':'); colon != text.npos && text.find('/') > colon) {
    scheme = base::to_lower(text.substr(0, colon));
    text.erase(0, colon + 1);
  }
  if (text.starts_with("//")) host = text.substr(2, text.find('/', 2) - 2);
  size_t ends = host.rfind('@');
  bool has_user = ends != host.npos;
  if (has_user) {
    user = host.substr(0, ends);
    host = host.substr(ends + 1);
  }
  if (scheme != "https") c.invalid(at, scheme, fmt::format("'https' is the only allowed URL scheme{}", form));
  if (host.empty()) c.invalid(at, host, fmt::format("host must be specified{}", form));
  if (has_user) c.invalid(at, user, "user information is not permitted in the URL");
  if (!fragment.empty()) c.invalid(at, fragment, "fragments are not permitted in the URL");
  if (!query.empty()) c.invalid(at, query, "query parameters are not permitted in the URL");
}

void check_path(Checks& c, const std::string& path, const Path& at) {
  if (path.empty() || path == "/") return;
  if (path == "//") return c.invalid(at, path, "segment[0] may not be empty");
  if (!path.starts_with('/')) c.invalid(at, path, "must start with a '/'");
  std::string_view rest = std::string_view(path).substr(1);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  size_t i = 0;
  for (std::string_view segment : base::split(rest, '/')) {
    if (segment.empty()) c.invalid(at, path, fmt::format("segment[{}] may not be empty", i));
    if (!segment.empty())
      for (const std::string& problem : dns_subdomain_problems(segment))
        c.invalid(at, path, fmt::format("segment[{}]: {}", i, problem));
    ++i;
  }
}

void check_client(Checks& c, const Value& client, const Path& at) {
  const Value &url = client["url"], &service = client["service"];
  if (url.is_null() == service.is_null()) return c.required(at, "exactly one of url or service is required");
  if (!url.is_null()) return check_url(c, url.str(), at / "url");
  Path here = at / "service";
  // Upstream passes name and namespace to a function that takes them the other way round.
  if (service["namespace"].as_string().empty()) c.required(here / "name");
  if (service["name"].as_string().empty()) c.required(here / "namespace");
  if (int64_t port = service["port"].as_int(443); port < 1 || port > 65535)
    c.invalid(here / "port", service["port"], fmt::format("port is not valid: {}", port_number_text));
  check_path(c, service["path"].str(), here / "path");
}

void check_conditions(Checks& c, const Value& conditions, const Path& at) {
  std::set<std::string> names;
  for (size_t i = 0; i < conditions.size() && !c.full(); ++i) {
    std::string name = conditions[i]["name"].str();
    if (base::trim(conditions[i]["expression"].as_string()).empty()) c.required(at[i] / "expression");
    if (name.empty()) {
      c.required(at[i] / "name");
      continue;
    }
    c.invalid(at[i] / "name", name, label_key_problems(name));
    if (!names.insert(name).second) c.duplicate(at[i] / "name", name);
  }
}

void check_versions(Checks& c, const Value& versions, const Path& at) {
  if (versions.empty()) return c.required(at, "must specify one of v1, v1beta1");
  std::set<std::string> seen;
  for (size_t i = 0; i < versions.size(); ++i) {
    if (seen.insert(versions[i].str()).second)
      c.invalid(at[i], versions[i], dns_1035_label_problems(versions[i].as_string()));
    else
      c.invalid(at[i], versions[i], "duplicate version");
  }
  if (!seen.contains("v1") && !seen.contains("v1beta1"))
    c.invalid(at, versions, "must include at least one of v1, v1beta1");
}

void check_name(Checks& c, const std::string& name, const Path& at) {
  if (name.empty()) return c.required(at);
  if (auto problems = dns_subdomain_problems(name); !problems.empty())
    return c.invalid(at, name, base::join(problems, ","));
  if (std::ranges::count(name, '.') < 2)
    c.invalid(at, name, "should be a domain with at least three segments separated by dots");
}

void check_webhook(Checks& c, const Value& hook, const Path& at) {
  check_name(c, hook["name"].str(), at / "name");
  for (size_t i = 0; i < hook["rules"].size(); ++i) check_rule(c, hook["rules"][i], (at / "rules")[i]);
  check_one_of(c, hook["failurePolicy"], at / "failurePolicy", {"Fail", "Ignore"});
  check_one_of(c, hook["matchPolicy"], at / "matchPolicy", {"Equivalent", "Exact"});
  if (hook["sideEffects"].is_null()) c.required(at / "sideEffects", "must specify one of None, NoneOnDryRun");
  check_one_of(c, hook["sideEffects"], at / "sideEffects", {"None", "NoneOnDryRun"});
  if (const Value& timeout = hook["timeoutSeconds"];
      !timeout.is_null() && (timeout.as_int() < 1 || timeout.as_int() > 30))
    c.invalid(at / "timeoutSeconds", timeout, "the timeout value must be between 1 and 30 seconds");
  for (std::string_view name : {"namespaceSelector", "objectSelector"}) c.label_selector(at / name, hook[name]);
  check_one_of(c, hook["reinvocationPolicy"], at / "reinvocationPolicy", {"IfNeeded", "Never"});
  check_client(c, hook["clientConfig"], at / "clientConfig");
  check_conditions(c, hook["matchConditions"], at / "matchConditions");
}

}  // namespace

void check_webhooks(Checks& c, const Value& configuration, const Value*, const Path&) {
  std::set<std::string> names;
  const Value& hooks = configuration["webhooks"];
  for (size_t i = 0; i < hooks.size() && !c.full(); ++i) {
    Path at = Path("webhooks")[i];
    check_webhook(c, hooks[i], at);
    check_versions(c, hooks[i]["admissionReviewVersions"], at / "admissionReviewVersions");
    std::string name = hooks[i]["name"].str();
    if (!name.empty() && !names.insert(name).second) c.duplicate(at / "name", name);
  }
}

}  // namespace slipway::kinds
