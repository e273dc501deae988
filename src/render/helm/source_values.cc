// The values of an Application's chart: files of the tree, of URLs and by patterns, then what the Application says
// itself.
#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/text.h"
#include "render/glob.h"
#include "render/helm/application.h"
#include "render/helm/go_json.h"
#include "render/helm/set.h"
#include "sources/url.h"

namespace slipway::render::helm {

namespace {

constexpr uint64_t kValuesBytesMax = 32 << 20;  // each byte may come to sixteen

bool is_url(std::string_view said) {
  return said.starts_with("https://") || said.starts_with("http://");
}

bool is_pattern(std::string_view said) {
  return said.find_first_of("*?[") != said.npos;
}

// Where a file that the Application names lies: below the chart, with a leading slash below the tree's root, and behind
// "$NAME/" in another source's tree.
struct Named {
  const sources::Tree* tree = nullptr;
  std::string path;
  bool elsewhere = false;
};

// Among several sources a dollar in front always names one of them; elsewhere variables are put in.
Result<Named> named(const RenderRequest& request, std::string_view chart, const std::string& raw) {
  Named at{request.tree.get(), {}, request.is_one_of_several && raw.starts_with('$')};
  std::string said = raw;
  if (at.elsewhere) {
    std::string name = raw.substr(0, raw.find('/'));
    auto tree = request.refs.find(name.substr(1));
    if (tree == request.refs.end()) {
      std::vector<std::string> known;
      for (const auto& [one, its] : request.refs) known.push_back("$" + one);
      return fail(ErrorKind::invalid, "source referenced \"{}\", {}", name,
                  known.empty()
                      ? "but no source has a 'ref' field defined"
                      : fmt::format("which is not one of the available sources ({})", base::join(known, ", ")));
    }
    at.tree = tree->second.get();
    said = raw.size() == name.size() ? "/" : raw.substr(name.size());
  }
  said = expand(said, request.variables);
  if (said.find("://") != said.npos)
    return fail(ErrorKind::unsupported, "valueFiles: {}: only https:// and http:// are offered", said);
  auto path = said.starts_with('/') ? sources::clean_path(said.substr(1)) : sources::join_path(chart, said);
  if (!path) return std::move(path).error().context("valueFiles: " + raw);
  at.path = std::move(*path);
  return at;
}

// "**/" may stand for no folder at all.
std::string with_empty_folders(std::string_view pattern) {
  return base::replace_all(std::string(pattern), "**/", "{,**/}");
}

// The files that a pattern names, in order of their names. What the list names itself keeps its own place.
Result<std::vector<std::string>> matches(const Named& pattern,
                                         const std::set<std::pair<const sources::Tree*, std::string>>& listed) {
  std::string_view fixed = std::string_view(pattern.path).substr(0, pattern.path.find_first_of("*?["));
  size_t slash = fixed.rfind('/');
  std::string folder(slash == fixed.npos ? "" : fixed.substr(0, slash));
  Glob glob = OR_RETURN(Glob::create(with_empty_folders(pattern.path), Glob::Parts::by_slash).context("valueFiles"));
  std::vector<std::string> out;
  // "env/*.yaml" needs no look at what lies deeper, which may be too much
  bool is_flat =
      pattern.path.find('/', fixed.size()) == std::string::npos && pattern.path.find("**") == std::string::npos;
  std::vector<std::string> files;
  if (is_flat) {
    for (const std::string& name : pattern.tree->list(folder))
      files.push_back(folder.empty() ? name : folder + "/" + name);
    if (const Error* why = pattern.tree->unreadable(folder)) return *why;
  } else {
    files = OR_RETURN(pattern.tree->files_below(folder));
  }
  for (const std::string& file : files)
    if (glob.matches(file) && !listed.contains({pattern.tree, file})) out.push_back(file);
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
    std::set<std::pair<const sources::Tree*, std::string>> listed;
    for (const Value& file : helm_["valueFiles"].items())
      if (std::string said = file.str(); !is_url(said) && !is_pattern(said))
        if (auto at = named(request_, path_, said)) listed.insert({at->tree, at->path});
    for (const Value& file : helm_["valueFiles"].items()) {
      std::string said = file.str();
      if (is_url(said)) {
        auto text = request_.files.find(said);
        if (text == request_.files.end())
          return fail(ErrorKind::unsupported, "valueFiles: {}: values from URLs are not fetched here",
                      sources::shown_url(said));
        OR_RETURN(add(text->second, said, {}));
        continue;
      }
      Named at = OR_RETURN(named(request_, path_, said));
      std::vector<std::string> found = {at.path};
      if (is_pattern(said)) found = OR_RETURN(matches(at, listed));
      if (found.empty() && !ignore_missing)
        return fail(ErrorKind::not_found, "valueFiles: {}: no file matches this pattern", said);
      for (const std::string& one : found) {
        std::string name = at.elsewhere ? said.substr(0, said.find('/') + 1) + one : one;
        std::string file = at.elsewhere ? "" : one;
        if (auto known = read_.find({at.tree, one}); known != read_.end()) {
          push("valueFiles " + name, known->second, std::move(file));
          continue;
        }
        auto text = at.tree->read(one);
        if (!text) {
          if (ignore_missing && !is_pattern(said) && text.failed_with(ErrorKind::not_found)) continue;
          return std::move(text).error().context("valueFiles: " + said);
        }
        OR_RETURN(add(**text, name, std::move(file)));
        read_[{at.tree, one}] = out_.layers.back().values;
      }
    }
    return {};
  }

  Result<> add(std::string_view text, const std::string& name, std::string file) {
    bytes_ += text.size();
    if (bytes_ > kValuesBytesMax)
      return fail(ErrorKind::too_large, "valueFiles: {}: the values files have more than {} MiB together", name,
                  kValuesBytesMax >> 20);
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
        std::string word = p["name"].str() + "=" + escaped_commas(expand(p["value"].as_string(), request_.variables));
        OR_RETURN(parameter("parameter " + p["name"].str(), force ? "--set-string" : "--set",
                            [&](Value& values, SetBudget& budget) {
                              return (force ? set_strings : set_typed)(values, word, Compat::helm3, nullptr, &budget);
                            }));
      }
    }
    for (const Value& p : helm_["fileParameters"].items()) {
      auto read = [&](std::string said) -> Result<Value> {
        Named at = OR_RETURN(named(request_, path_, said));
        auto text = OR_RETURN(at.tree->read(at.path));
        return Value(*text);
      };
      std::string word = p["name"].str() + "=" + p["path"].str();
      OR_RETURN(parameter("fileParameter " + p["name"].str(), "--set-file", [&](Value& values, SetBudget& budget) {
        return set_files(values, word, read, Compat::helm3, nullptr, &budget);
      }));
    }
    return {};
  }

  Result<> parameter(std::string name, const char* flag,
                     const std::function<Result<>(Value& values, SetBudget& budget)>& set) {
    if (auto done = set(out_.all, budget_); !done)
      return std::move(done).error().context(fmt::format("failed parsing {} data", flag));
    Value alone = Value::object();
    // Explanations go without what takes more than they are worth.
    if (set(alone, alone_budget_)) out_.layers.push_back({std::move(name), std::move(alone), {}});
    return {};
  }

  const RenderRequest& request_;
  const Value& helm_;
  std::string path_;
  SetBudget budget_, alone_budget_{.grown = 1 << 20, .copied = 4 << 20};
  uint64_t bytes_ = 0;                                                  // of texts read
  std::map<std::pair<const sources::Tree*, std::string>, Value> read_;  // files may be named again
  LayeredValues out_;
};

}  // namespace

Result<LayeredValues> values_of_source(const RenderRequest& request, std::string_view path) {
  return Reader(request, path).run();
}

}  // namespace slipway::render::helm
