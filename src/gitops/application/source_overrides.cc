#include "gitops/application/source_overrides.h"

#include <algorithm>

#include "base/text.h"
#include "render/source_fields.h"
#include "value/go_words.h"
#include "value/patch.h"
#include "value/yaml.h"

namespace slipway::gitops {

namespace {

constexpr size_t kFileBytesMax = 1 << 20;
// The rest of a source is the Application's alone: where it comes from decides who may deploy what.
constexpr const char* kTools[] = {"helm", "kustomize", "directory"};
constexpr const char* kOthers[] = {"repoURL", "path", "targetRevision", "chart", "ref", "name", "tagPrefix"};

// Nothing where there is no such file, as Argo CD sees it: a link to nowhere and a folder of the name are none.
Result<std::shared_ptr<const std::string>> text_of(const sources::Tree& tree, const std::string& file) {
  const sources::FileEntry* entry = tree.entry(file);
  if (!entry) {
    if (const Error* why = tree.unreadable(file)) return *why;
    return nullptr;
  }
  if (entry->kind == sources::FileEntry::Kind::submodule) return nullptr;
  auto real = tree.real_path(file);
  if (real.failed_with(ErrorKind::not_found)) return nullptr;
  if (!real) return std::move(real).error().context(file);
  if (tree.is_directory(*real)) return nullptr;
  auto text = OR_RETURN(tree.read(*real).context(file));
  if (text->size() > kFileBytesMax)
    return fail(ErrorKind::too_large, "{}: larger than {} KiB", file, kFileBytesMax >> 10);
  return text;
}

// One file, of a source as the Application and the files before left it.
class Override {
 public:
  Override(const std::string& text, const std::string& file) : text_(text), file_(file) {}

  Result<> apply(OverriddenSource& to) {
    auto documents =
        OR_RETURN(value::parse_yaml_documents(text_, file_, {.first_only = true}, value::DuplicateKeys::last_wins));
    Value said = documents.empty() ? Value() : documents.front().value;
    if (!said.is_object())
      return fail(ErrorKind::invalid, "expected fields of a source (helm, kustomize, directory), found {}",
                  said.is_null() ? "nothing" : value::json_word(said))
          .at({file_, documents.empty() ? 1 : documents.front().line});
    for (const char* other : kOthers) {
      if (!said.has(other)) continue;
      warn(to, {"/" + std::string(other),
                fmt::format("{} has no effect here: only helm, kustomize and directory do", other)});
      said = said.without_member(other);
    }
    if (!said["plugin"].is_null())
      return fail(ErrorKind::unsupported, "plugin: plugins are not offered").at(place_of("/plugin"));
    said = said.without_member("plugin");
    render::FieldFault wrong;
    auto read = render::read_source_fields(said, &wrong);
    if (!read) return fail(ErrorKind::invalid, "{}", wrong.message).at(place_of(wrong.pointer));
    for (const render::FieldFault& unknown : read->unknown) warn(to, unknown);
    Value merged = value::merge_patch(to.said, read->value);
    OR_RETURN(check_one_tool(to.said, merged));
    to.said = std::move(merged);
    return {};
  }

 private:
  // Said where it came in: who reads the Application alone would find one tool.
  Result<> check_one_tool(const Value& before, const Value& after) {
    std::vector<std::string> tools;
    for (const char* tool : kTools)
      if (!after[tool].is_null()) tools.emplace_back(tool);
    if (tools.size() < 2) return {};
    std::string at;
    for (const std::string& tool : tools)
      if (before[tool].is_null()) at = "/" + tool;
    return fail(ErrorKind::invalid, "multiple application sources defined, with what the Application says: {}",
                base::join(tools, ","))
        .at(place_of(at));
  }
  void warn(OverriddenSource& to, const render::FieldFault& fault) {
    to.warnings.push_back(fmt::format("{}: {}", place_of(fault.pointer).str(), fault.message));
  }
  base::Place place_of(std::string_view pointer) const {
    base::Place place = value::locate_yaml(text_, file_, 0, pointer);
    return place.line > 0 ? place : base::Place{file_};
  }

  const std::string& text_;
  const std::string& file_;
};

bool says_nothing(const Value& block) {
  return block.is_object() && std::ranges::all_of(block.members(), [](const value::Member& member) {
           const Value& v = member.value;
           return v.is_null() || v == Value(false) || v == Value("") || ((v.is_array() || v.is_object()) && v.empty());
         });
}

}  // namespace

Result<OverriddenSource> override_source(Value said, const sources::Tree& tree, const std::string& path,
                                         const std::string& application) {
  OverriddenSource out{std::move(said), {}};
  // What says nothing chooses no tool, as there.
  for (const char* tool : kTools)
    if (says_nothing(out.said[tool])) out.said = out.said.without_member(tool);
  for (const std::string& name : {std::string(".argocd-source.yaml"), ".argocd-source-" + application + ".yaml"}) {
    std::string file = path.empty() ? name : path + "/" + name;
    auto text = OR_RETURN(text_of(tree, file));
    if (text) OR_RETURN(Override(*text, file).apply(out));
  }
  return out;
}

}  // namespace slipway::gitops
