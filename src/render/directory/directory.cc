#include "render/directory/directory.h"

#include <optional>

#include "base/text.h"
#include "kinds/object.h"
#include "render/glob.h"
#include "render/lists.h"
#include "render/words.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::render::directory {
namespace {

constexpr std::string_view skip_mark = "+argocd:skip-file-rendering";
constexpr size_t kCombinedBytesMax = 10 << 20;

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

// Argo CD's include and exclude: over the path from the directory; stars cross slashes. Nothing where none is said.
Result<std::optional<Glob>> glob_in(const Value& options, std::string_view field) {
  std::string pattern = options[field].str();
  if (pattern.empty()) return std::nullopt;
  return OR_RETURN(Glob::create(pattern, Glob::Parts::none).context(fmt::format("directory.{}", field)));
}

}  // namespace

Result<Rendered> render(const sources::Tree& tree, const std::string& path, const Value& options) {
  bool recurse = options["recurse"].as_bool();
  auto include = OR_RETURN(glob_in(options, "include")), exclude = OR_RETURN(glob_in(options, "exclude"));
  std::string root = OR_RETURN(tree.real_path(path));
  if (!tree.is_directory(root)) return fail(ErrorKind::bad_request, "\"{}\" is a file; a directory was expected", path);
  Reader reader;
  size_t bytes = 0;
  std::vector<std::string> files = OR_RETURN(recurse ? tree.files_below(root) : files_in(tree, root));
  for (const std::string& file : files) {
    std::string relative = root.empty() ? file : file.substr(root.size() + 1);
    bool jsonnet = file.ends_with(".jsonnet");
    if (!jsonnet && !file.ends_with(".yaml") && !file.ends_with(".yml") && !file.ends_with(".json")) continue;
    if (exclude && exclude->matches(relative)) continue;
    if (include && !include->matches(relative)) continue;
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
