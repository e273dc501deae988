#include "render/directory/directory.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"
#include "render/lists.h"
#include "render/words.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::render::directory {
namespace {

constexpr std::string_view skip_mark = "+argocd:skip-file-rendering";
constexpr size_t kCombinedBytesMax = 10 << 20;

struct Glob {
  std::string_view pattern, text;
  int steps = 0;

  // Stars cross slashes: Argo CD's globs have no separator here.
  bool match(size_t p, size_t t) {
    if (++steps > 100'000) return false;
    for (; p < pattern.size(); ++p) {
      char c = pattern[p];
      if (c == '*') {
        while (p < pattern.size() && pattern[p] == '*') ++p;
        for (size_t from = t; from <= text.size(); ++from)
          if (match(p, from)) return true;
        return false;
      }
      if (t >= text.size()) return false;
      if (c == '[') {
        size_t close = pattern.find(']', p + 1);
        if (close == pattern.npos) return false;
        std::string_view set = pattern.substr(p + 1, close - p - 1);
        bool negated = set.starts_with('!') || set.starts_with('^');
        if (negated) set.remove_prefix(1);
        bool found = false;
        for (size_t i = 0; i < set.size(); ++i) {
          if (i + 2 < set.size() && set[i + 1] == '-') {
            found = found || (set[i] <= text[t] && text[t] <= set[i + 2]);
            i += 2;
          } else {
            found = found || set[i] == text[t];
          }
        }
        if (found == negated) return false;
        p = close;
      } else if (c == '\\' && p + 1 < pattern.size()) {
        if (pattern[++p] != text[t]) return false;
      } else if (c != '?' && c != text[t]) {
        return false;
      }
      ++t;
    }
    return t == text.size();
  }
};

// "{a,b}.yaml" in its alternatives; one level, as people write it.
std::vector<std::string> alternatives(std::string_view pattern) {
  size_t open = pattern.find('{'), close = pattern.find('}', open == pattern.npos ? 0 : open);
  if (open == pattern.npos || close == pattern.npos) return {std::string(pattern)};
  std::vector<std::string> out;
  for (std::string_view middle : base::split(pattern.substr(open + 1, close - open - 1), ','))
    for (const std::string& rest : alternatives(pattern.substr(close + 1)))
      out.push_back(fmt::format("{}{}{}", pattern.substr(0, open), middle, rest));
  return out;
}

// As a member of YAML or, in quotes, of JSON.
bool names_member(std::string_view text, std::string_view name) {
  return text.find(fmt::format("{}:", name)) != text.npos || text.find(fmt::format("\"{}\"", name)) != text.npos;
}

bool looks_like_manifest(std::string_view text) {
  return names_member(text, "apiVersion") && names_member(text, "kind") && names_member(text, "metadata");
}

class Reader {
 public:
  Rendered out;

  Result<> read(const std::string& file, std::string_view text) {
    if (text.find(skip_mark) != text.npos) return {};
    if (file.ends_with(".json")) {
      Value v = OR_RETURN(value::parse_json(text).context(file));
      if (!v.is_object())
        return fail(ErrorKind::bad_request, "expected one object, found {}", words(v.type())).at({file});
      add(std::move(v), {file, 1});
      return {};
    }
    auto documents = value::parse_yaml_documents(text, file, {}, value::DuplicateKeys::last_wins);
    if (!documents) {
      // A file that is no manifest at all may lie beside the others.
      if (looks_like_manifest(text)) return std::move(documents).error();
      leave_out(file, documents.error().str());
      return {};
    }
    for (value::Document& d : *documents) {
      if (d.value.is_object() || d.value.is_null()) {
        add(std::move(d.value), {file, d.line});
      } else {
        leave_out(file, fmt::format("{}:{}: expected an object, found {}", file, d.line, words(d.value.type())));
      }
    }
    return {};
  }

 private:
  void leave_out(const std::string& file, const std::string& why) {
    out.incomplete = true;
    out.warnings.push_back(fmt::format("{} was left out, and nothing is pruned meanwhile: {}", file, why));
  }

  void add(Value v, base::Place place) {
    if (!v.is_object() || kinds::kind_of(v).empty() || v["apiVersion"].as_string().empty()) return;
    if (auto items = items_of_list(v)) {
      for (Value& item : *items) add(std::move(item), place);
      return;
    }
    out.objects.push_back({std::move(v), std::move(place)});
  }
};

Result<std::vector<std::string>> files_in(const sources::Tree& tree, const std::string& folder) {
  std::vector<std::string> files;
  for (const std::string& name : tree.list(folder)) {
    std::string path = folder.empty() ? name : folder + "/" + name;
    if (!tree.is_directory(path)) files.push_back(std::move(path));
  }
  if (const Error* why = tree.unreadable(folder)) return *why;
  return files;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view path) {
  return std::ranges::any_of(alternatives(pattern),
                             [&](const std::string& one) { return Glob{one, path}.match(0, 0); });
}

Result<Rendered> render(const sources::Tree& tree, const std::string& path, const Value& options) {
  bool recurse = options["recurse"].as_bool();
  std::string include = options["include"].str(), exclude = options["exclude"].str();
  std::string root = OR_RETURN(tree.real_path(path));
  if (!tree.is_directory(root)) return fail(ErrorKind::bad_request, "\"{}\" is a file; a directory was expected", path);
  Reader reader;
  size_t bytes = 0;
  std::vector<std::string> files = OR_RETURN(recurse ? tree.files_below(root) : files_in(tree, root));
  for (const std::string& file : files) {
    std::string relative = root.empty() ? file : file.substr(root.size() + 1);
    bool jsonnet = file.ends_with(".jsonnet");
    if (!jsonnet && !file.ends_with(".yaml") && !file.ends_with(".yml") && !file.ends_with(".json")) continue;
    if (!exclude.empty() && matches_glob(exclude, relative)) continue;
    if (!include.empty() && !matches_glob(include, relative)) continue;
    if (jsonnet)
      return fail(ErrorKind::unsupported, "jsonnet is not evaluated; exclude the file or commit what it gives")
          .at({file});
    auto text = tree.read(file);
    if (!text) return std::move(text).error().context(file);
    if ((bytes += (*text)->size()) > kCombinedBytesMax)
      return fail(ErrorKind::too_large, "the manifests of \"{}\" are larger than {} MiB together", path,
                  kCombinedBytesMax >> 20);
    OR_RETURN(reader.read(file, **text));
  }
  reader.out.tool = Tool::directory;
  return std::move(reader.out);
}

}  // namespace slipway::render::directory
