// What forges send when somebody pushed: GitHub, Gitea and Gogs, GitLab, Bitbucket and Bitbucket Server. A payload is
// a hint and nothing more: it can make us ask a repository that an Application names already, never another one.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "gitops/application/application.h"
#include "gitops/engine.h"
#include "value/json.h"

namespace slipway::gitops {

namespace {

constexpr size_t body_bytes_max = 1 << 20;

struct Push {
  std::set<std::string> urls;  // normalized
  std::set<std::string> refs;  // "main", "v1.2"; empty: not told, all count
};

std::string short_ref(std::string ref) {
  for (std::string_view prefix : {"refs/heads/", "refs/tags/"}) {
    if (ref.starts_with(prefix)) return ref.substr(prefix.size());
  }
  return ref;
}

Push read_push(const Value& body) {
  Push push;
  auto url = [&](const Value& text) {
    if (text.is_string() && !text.as_string().empty()) push.urls.insert(sources::normalized_url(text.as_string()));
  };
  for (const Value* repository : {&body["repository"], &body["project"]}) {
    for (const char* member : {"html_url", "clone_url", "ssh_url", "git_url", "url", "git_http_url", "git_ssh_url",
                               "web_url", "homepage", "http_url"}) {
      url((*repository)[member]);
    }
    url((*repository)["links"]["html"]["href"]);
    for (const Value& link : (*repository)["links"]["clone"].items()) url(link["href"]);
  }
  if (body["ref"].is_string()) push.refs.insert(short_ref(body["ref"].str()));
  for (const Value& change : body["push"]["changes"].items()) {  // Bitbucket
    for (const char* side : {"new", "old"}) {
      if (change[side]["name"].is_string()) push.refs.insert(change[side]["name"].str());
    }
  }
  for (const Value& change : body["changes"].items()) {  // Bitbucket Server
    if (change["ref"]["id"].is_string()) push.refs.insert(short_ref(change["ref"]["id"].str()));
  }
  return push;
}

bool concerns(const Push& push, const Value& source) {
  std::string url = source["repoURL"].str();
  if (url.empty() || !push.urls.contains(sources::normalized_url(url))) return false;
  std::string revision = short_ref(source["targetRevision"].str());
  return push.refs.empty() || revision.empty() || revision == "HEAD" || push.refs.contains(revision);
}

}  // namespace

Result<std::vector<std::string>> webhook(const cluster::Cache& cache, sources::Repositories& repositories,
                                         std::string_view body) {
  if (body.size() > body_bytes_max) {
    return fail(ErrorKind::too_large, "a webhook's body of {} bytes; at most {} are read", body.size(), body_bytes_max);
  }
  Value payload = OR_RETURN(value::parse_json(body));
  Push push = read_push(payload);
  if (push.urls.empty()) {
    return fail(ErrorKind::bad_request,
                "no repository in the webhook's body: expected a push event of GitHub, GitLab, Gitea, Gogs or "
                "Bitbucket (repository.clone_url, project.git_http_url, ...)");
  }
  std::vector<std::string> names;
  for (const Value& application : cache.list(application_kind)) {
    bool named = false;
    for (const Value& source : sources_of(application["spec"])) {
      if (!concerns(push, source)) continue;
      named = true;
      repositories.notify(source["repoURL"].as_string());
    }
    if (named) names.emplace_back(kinds::name_of(application));
  }
  return names;
}

}  // namespace slipway::gitops
