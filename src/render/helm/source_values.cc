// The values of an Application's chart: files of the tree, of URLs and by patterns, then what the Application says
// itself.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "render/helm/application.h"
#include "render/helm/glob.h"
#include "render/helm/go_json.h"
#include "render/helm/set.h"

namespace slipway::render::helm {

namespace {

bool is_url(std::string_view said) {
  return said.starts_with("https://") || said.starts_with("http://");
}

bool is_pattern(std::string_view said) {
  return said.find_first_of("*?[") != said.npos;
}

// Where a values file lies: below the chart, or, with a leading slash, below the tree's root.
Result<std::string> values_path(std::string_view chart, const std::string& said) {
  if (said.find("://") != said.npos)
    return fail(ErrorKind::unsupported, "valueFiles: {}: only https:// and http:// are offered", said);
  if (said.starts_with('$'))
    return fail(ErrorKind::unsupported, "valueFiles: {}: another source's files ($ref) are not offered yet", said);
  auto path = said.starts_with('/') ? sources::clean_path(said.substr(1)) : sources::join_path(chart, said);
  if (!path) return std::move(path).error().context("valueFiles: " + said);
  return path;
}

// "**/" may stand for no folder at all.
std::string with_empty_folders(std::string_view pattern) {
  return base::replace_all(std::string(pattern), "**/", "{,**/}");
}

// The files that a pattern names, in order of their names. What the list names itself keeps its own place.
Result<std::vector<std::string>> matches(const sources::Tree& tree, std::string_view chart, const std::string& said,
                                         const std::set<std::string>& named) {
  std::string pattern = OR_RETURN(values_path(chart, said));
  std::string_view fixed = std::string_view(pattern).substr(0, pattern.find_first_of("*?["));
  size_t slash = fixed.rfind('/');
  std::string folder(slash == fixed.npos ? "" : fixed.substr(0, slash));
  Glob glob(with_empty_folders(pattern));
  std::vector<std::string> out;
  for (const std::string& file : tree.files_below(folder))
    if (glob.matches(file) && !named.contains(file)) out.push_back(file);
  return out;
}

// Argo CD's way with --set: commas in a value are no separators, unless it is a list {a,b}.
std::string escaped_commas(std::string_view value) {
  if (value.starts_with('{') && value.ends_with('}')) return std::string(value);
  std::string out;
  bool escaped = false;
  for (char c : value) {
    if (c == ',' && !escaped) out += '\\';
    escaped = c == '\\' && !escaped;
    out += c;
  }
  return out;
}

class Reader {
 public:
  Reader(const RenderRequest& request, std::string_view path) : request_(request), helm_(request.helm), path_(path) {}

  Result<LayeredValues> run() {
    OR_RETURN(files());
    OR_RETURN(own());
    OR_RETURN(parameters());
    return std::move(out_);
  }

 private:
  Result<> files() {
    bool ignore_missing = helm_["ignoreMissingValueFiles"].as_bool();
    std::set<std::string> named;
    for (const Value& file : helm_["valueFiles"].items())
      if (std::string said = file.str(); !is_url(said) && !is_pattern(said))
        if (auto path = values_path(path_, said)) named.insert(*path);
    for (const Value& file : helm_["valueFiles"].items()) {
      std::string said = file.str();
      if (is_url(said)) {
        auto text = request_.files.find(said);
        if (text == request_.files.end())
          return fail(ErrorKind::unsupported, "valueFiles: {}: values from URLs are not fetched here", said);
        OR_RETURN(add(text->second, said, {}));
        continue;
      }
      if (!is_pattern(said)) {
        std::string at = OR_RETURN(values_path(path_, said));
        auto text = request_.tree->read(at);
        if (!text) {
          if (ignore_missing && text.failed_with(ErrorKind::not_found)) continue;
          return std::move(text).error().context("valueFiles: " + said);
        }
        OR_RETURN(add(**text, at, at));
        continue;
      }
      auto found = OR_RETURN(matches(*request_.tree, path_, said, named));
      if (found.empty() && !ignore_missing)
        return fail(ErrorKind::not_found, "valueFiles: {}: no file matches this pattern", said);
      for (const std::string& at : found) {
        auto text = request_.tree->read(at);
        if (!text) return std::move(text).error().context("valueFiles: " + said);
        OR_RETURN(add(**text, at, at));
      }
    }
    return {};
  }

  Result<> add(std::string_view text, const std::string& name, std::string file) {
    auto values = read_yaml_mapping(text);
    if (!values) return std::move(values).error().context("failed to parse " + name);
    push("valueFiles " + name, std::move(*values), std::move(file));
    return {};
  }

  Result<> own() {
    if (const Value& object = helm_["valuesObject"]; object.is_object() && !object.empty()) {
      push("spec.source.helm.valuesObject", with_reals(object), {});
    } else if (const Value& text = helm_["values"]; text.is_string() && !text.as_string().empty()) {
      auto values = read_yaml_mapping(text.as_string());
      if (!values) return std::move(values).error().context("failed to parse spec.source.helm.values");
      push("spec.source.helm.values", std::move(*values), {});
    }
    return {};
  }

  void push(std::string name, Value values, std::string file) {
    out_.all = merge_files(out_.all, values);
    out_.layers.push_back({std::move(name), std::move(values), std::move(file)});
  }

  Result<> parameters() {
    for (bool force : {false, true}) {
      for (const Value& p : helm_["parameters"].items()) {
        if (p["forceString"].as_bool() != force) continue;
        std::string word = p["name"].str() + "=" + escaped_commas(p["value"].as_string());
        auto set = [&](Value& values) { return force ? set_strings(values, word) : set_typed(values, word); };
        if (auto done = set(out_.all); !done)
          return std::move(done).error().context(force ? "failed parsing --set-string data"
                                                       : "failed parsing --set data");
        Value alone = Value::object();
        if (set(alone)) out_.layers.push_back({"parameter " + p["name"].str(), std::move(alone), {}});
      }
    }
    for (const Value& p : helm_["fileParameters"].items()) {
      auto read = [&](std::string said) -> Result<Value> {
        std::string at = OR_RETURN(values_path(path_, said));
        auto text = OR_RETURN(request_.tree->read(at));
        return Value(*text);
      };
      std::string word = p["name"].str() + "=" + p["path"].str();
      if (auto done = set_files(out_.all, word, read); !done)
        return std::move(done).error().context("failed parsing --set-file data");
      Value alone = Value::object();
      if (set_files(alone, word, read))
        out_.layers.push_back({"fileParameter " + p["name"].str(), std::move(alone), {}});
    }
    return {};
  }

  const RenderRequest& request_;
  const Value& helm_;
  std::string path_;
  LayeredValues out_;
};

}  // namespace

Result<LayeredValues> values_of_source(const RenderRequest& request, std::string_view path) {
  return Reader(request, path).run();
}

}  // namespace slipway::render::helm
