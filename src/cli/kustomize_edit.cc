// `slipway kustomize edit` and `create`: the kustomization of the current folder, changed as kustomize changes it.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cli/helm/flags.h"
#include "cli/kustomize.h"
#include "cli/paths.h"
#include "cli/user_file.h"
#include "render/kustomize/build.h"
#include "render/kustomize/documents.h"
#include "render/kustomize/edit.h"
#include "render/kustomize/fix_vars.h"
#include "render/kustomize/kustomization_file.h"
#include "sources/repositories.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli {
namespace {

using helm::Flags;
using render::kustomize::EditRequest;
using render::kustomize::KustomizationFile;

struct Place {
  std::shared_ptr<const sources::Tree> tree;
  std::string here;    // absolute
  std::string folder;  // in the tree
};
Place current_place(World& world) {
  std::string here = absolute_path(".");
  return {sources::open_disk(world.files(), here), here, here.substr(1)};
}

// Which of the three names is here; empty: none.
Result<std::string> file_name(const Place& place) {
  std::vector<std::string> found;
  for (const char* name : render::kustomize::kustomization_names) {
    auto real = place.tree->real_path(fmt::format("{}/{}", place.folder, name));
    if (real) found.emplace_back(name);
    if (real.failed_with(ErrorKind::forbidden)) return std::move(real).error();
  }
  if (found.size() > 1)
    return fail(ErrorKind::bad_request, "Found multiple kustomization file: [{}]", base::join(found, " "));
  return found.empty() ? std::string() : found[0];
}

Result<KustomizationFile> read_file(World& world, const Place& place, std::string& name) {
  name = OR_RETURN(file_name(place));
  if (name.empty()) return fail(ErrorKind::not_found, "Missing kustomization file 'kustomization.yaml'.");
  return KustomizationFile::read(OR_RETURN(world.files().read(fmt::format("{}/{}", place.here, name))), name);
}

Result<> write_file(World& world, const Place& place, const std::string& name, const KustomizationFile& file) {
  return write_user_file(world.files(), fmt::format("{}/{}", place.here, name), file.text());
}

// What it comes to, or why it cannot be built; its warnings go to stderr.
Result<std::string> built(World& world, const Place& place) {
  auto tree = sources::open_disk(world.files(), place.here);
  render::kustomize::BuildRequest request{.tree = tree, .path = place.folder};
  request.warn = [](std::string_view warning) { complain(fmt::format("{}\n", warning)); };
  auto done = OR_RETURN(render::kustomize::build(request));
  return kustomize_text(done.resources);
}

constexpr const char* fixed_words =
    "\nFixed fields:\n  patchesJson6902 -> patches\n  patchesStrategicMerge -> patches\n  commonLabels -> labels\n";
constexpr const char* about_vars =
    "\nTo convert vars -> replacements, run the command `kustomize edit fix --vars`\n\nWARNING: Converting vars to "
    "replacements will potentially overwrite many resource files \nand the resulting files may not produce the same "
    "output when `kustomize build` is run. \nWe recommend doing this in a clean git repository where the change is "
    "easy "
    "to undo.\n";

Result<> fix(World& world, const Flags& flags) {
  Place place = current_place(world);
  auto before = built(world, place);
  std::string name;
  KustomizationFile file = OR_RETURN(read_file(world, place, name));
  render::kustomize::Folder folder(place.tree, place.folder, false);
  OR_RETURN(render::kustomize::fix(file.fields, folder));
  std::map<std::string, std::string> placeholders;
  if (flags.is("--vars")) placeholders = OR_RETURN(render::kustomize::fix_vars(file.fields, folder));
  print(fixed_words);
  print(flags.is("--vars") ? "  vars -> replacements\n" : about_vars);
  for (const auto& [path, text] : placeholders)
    OR_RETURN(write_user_file(world.files(), fmt::format("{}/{}", place.here, path), text));
  OR_RETURN(write_file(world, place, name, file));
  auto after = built(world, place);
  if (!after)
    print(fmt::format("Warning: 'Fixed' kustomization now produces the error when running `kustomize build`: {}\n",
                      after.error().str()));
  else if (!before || *before != *after)
    print(fmt::format(
        "Warning: 'Fixed' kustomization now produces different output when running `kustomize build`:\n...{}...\n",
        *after));
  return {};
}

const std::vector<Option>& edit_options() {
  static const std::vector<Option> options = {
      {.name = "--from-literal", .value = "KEY=VALUE", .help = "add|set configmap, secret", .repeated = true},
      {.name = "--from-file", .value = "[KEY=]FILE", .help = "add configmap, secret", .repeated = true},
      {.name = "--from-env-file", .value = "FILE", .help = "add configmap, secret"},
      {.name = "--disableNameSuffixHash", .help = "add configmap, secret"},
      {.name = "--behavior", .value = "HOW", .help = "add configmap, secret: create, merge or replace"},
      {.name = "--type", .value = "TYPE", .help = "add secret: Opaque unless said"},
      {.name = "--namespace", .value = "NAME", .help = "of a configmap or secret, or of a patch's target"},
      {.name = "--new-namespace", .value = "NAME", .help = "set configmap, secret"},
      {.name = "--path", .value = "FILE", .help = "add|remove patch: its file"},
      {.name = "--patch", .value = "TEXT", .help = "add|remove patch: itself"},
      {.name = "--group", .value = "GROUP", .help = "of a patch's target"},
      {.name = "--version", .value = "VERSION", .help = "of a patch's target"},
      {.name = "--kind", .value = "KIND", .help = "of a patch's target"},
      {.name = "--name", .value = "NAME", .help = "of a patch's target"},
      {.name = "--annotation-selector", .value = "SELECTOR", .help = "of a patch's target"},
      {.name = "--label-selector", .value = "SELECTOR", .help = "of a patch's target"},
      {.name = "--force", .help = "add label, annotation: also over another value", .letter = 'f'},
      {.name = "--without-selector", .help = "add label: to `labels`, not commonLabels"},
      {.name = "--include-templates", .help = "add label --without-selector: into templates too"},
      {.name = "--ignore-non-existence", .help = "remove label, annotation", .letter = 'i'},
      {.name = "--no-verify", .help = "add resource: whether it is there or not"},
      {.name = "--stack-trace", .help = "accepted"},
      {.name = "--vars", .help = "fix: turn vars into replacements, and $(NAME) in files into placeholders"}};
  return options;
}

// What each can be told beside its arguments.
bool takes(const std::string& verb, const std::string& what, const std::string& option) {
  auto one_of = [](const std::string& text, std::initializer_list<const char*> words) {
    return std::ranges::find(words, text) != words.end();
  };
  if (option == "stack-trace") return true;
  if (verb == "fix") return option == "vars";
  if (what == "configmap" || what == "secret") {
    if (verb == "remove") return option == "namespace";
    if (verb == "set") return one_of(option, {"from-literal", "namespace", "new-namespace"});
    return one_of(option, {"from-literal", "from-file", "from-env-file", "disableNameSuffixHash", "namespace"}) ||
           option == (what == "secret" ? "type" : "behavior");
  }
  if (what == "patch")
    return one_of(option, {"path", "patch", "group", "version", "kind", "name", "namespace", "annotation-selector",
                           "label-selector"});
  if (what == "label" || what == "annotation") {
    if (verb == "remove") return option == "ignore-non-existence";
    return verb == "add" &&
           (option == "force" || (what == "label" && one_of(option, {"without-selector", "include-templates"})));
  }
  return verb == "add" && what == "resource" && option == "no-verify";
}

constexpr const char* builtin_plugins[] = {"AnnotationsTransformer",   "ConfigMapGenerator",
                                           "HashTransformer",          "HelmChartInflationGenerator",
                                           "IAMPolicyGenerator",       "ImageTagTransformer",
                                           "LabelTransformer",         "NamespaceTransformer",
                                           "PatchJson6902Transformer", "PatchStrategicMergeTransformer",
                                           "PatchTransformer",         "PrefixSuffixTransformer",
                                           "PrefixTransformer",        "ReplacementTransformer",
                                           "ReplicaCountTransformer",  "SecretGenerator",
                                           "SuffixTransformer",        "ValueAddTransformer"};

Result<> edit(World& world, const std::vector<std::string>& words) {
  Flags flags = OR_RETURN(Flags::parse(edit_options(), words));
  auto& said = flags.arguments;
  if (said == std::vector<std::string>{"alpha-list-builtin-plugin"}) {
    std::string out = "Builtin plugins:\n\n";
    for (const char* plugin : builtin_plugins) out += fmt::format(" * {}\n", plugin);
    print(out);
    return {};
  }
  if (said.empty() || (said.size() == 1 && (said[0] == "set" || said[0] == "add" || said[0] == "remove"))) {
    print_help(kustomize_edit_command());
    return {};
  }
  std::string verb = said[0], what = said.size() < 2 || verb == "fix" ? "" : said[1];
  std::map<std::string, std::vector<std::string>> options;
  for (const Option& option : edit_options())
    if (flags.has(option.name))
      options[option.name.substr(2)] = option.value.empty()
                                           ? std::vector<std::string>{flags.is(option.name) ? "true" : "false"}
                                           : flags.all(option.name);
  for (const auto& [name, values] : options)
    if (!takes(verb, what, name))
      return fail(ErrorKind::bad_request, "unknown flag: --{} (for \"edit {}{}{}\")", name, verb,
                  what.empty() ? "" : " ", what);
  if (verb == "fix") return fix(world, flags);
  const auto& known = render::kustomize::edits();
  if (std::ranges::find(known, verb + " " + what) == known.end()) {
    auto near = base::nearest(verb + " " + what, known);
    return fail(ErrorKind::bad_request, "unknown command \"{}{}{}\" for \"kustomize edit\"{}", verb,
                what.empty() ? "" : " ", what,
                near ? fmt::format("; did you mean \"{}\"?", *near) : "; see: slipway kustomize edit --help");
  }
  Place place = current_place(world);
  EditRequest request{.verb = verb,
                      .what = what,
                      .arguments = {said.begin() + 2, said.end()},
                      .options = std::move(options),
                      .tree = place.tree.get(),
                      .folder = place.folder,
                      .file = {},
                      .log = {}};
  bool work = OR_RETURN(render::kustomize::has_work(request));
  if (!work) {
    for (const std::string& line : request.log) complain(line + "\n");
    return {};
  }
  KustomizationFile file = OR_RETURN(read_file(world, place, request.file));
  auto changed = render::kustomize::edit(file.fields, request);
  for (const std::string& line : request.log) complain(line + "\n");
  if (!changed) return std::move(changed).error();
  return *changed ? write_file(world, place, request.file, file) : Result<>();
}

// ---- create

void detect(const Place& place, const std::string& below, bool recursive, const render::kustomize::KnownKinds* known,
            std::vector<std::string>& out) {
  for (const std::string& name :
       place.tree->list(below.empty() ? place.folder : fmt::format("{}/{}", place.folder, below))) {
    std::string path = below.empty() ? name : fmt::format("{}/{}", below, name);
    std::string inside = fmt::format("{}/{}", place.folder, path);
    if (!place.tree->is_directory(inside)) {
      auto text = place.tree->read(inside);
      if (text && render::kustomize::read_resources(**text, path, known)) out.push_back(path);
      continue;
    }
    if (!recursive) continue;
    bool base = std::ranges::any_of(render::kustomize::kustomization_names, [&](const char* file) {
      return place.tree->real_path(fmt::format("{}/{}", inside, file)).has_value();
    });
    if (base)
      out.push_back(path);
    else
      detect(place, path, recursive, known, out);
  }
}

const std::vector<Option>& create_options() {
  static const std::vector<Option> options = {
      {.name = "--resources", .value = "LIST", .help = "files and folders, parted by commas"},
      {.name = "--autodetect", .help = "add every file here that holds resources"},
      {.name = "--recursive", .help = "--autodetect in folders below as well"},
      {.name = "--namespace", .value = "NAME", .help = "the namespace field"},
      {.name = "--nameprefix", .value = "TEXT", .help = "the namePrefix field"},
      {.name = "--namesuffix", .value = "TEXT", .help = "the nameSuffix field"},
      {.name = "--labels", .value = "LIST", .help = "common labels, KEY:VALUE parted by commas"},
      {.name = "--annotations", .value = "LIST", .help = "common annotations, KEY:VALUE parted by commas"},
      {.name = "--stack-trace", .help = "accepted"}};
  return options;
}

Result<> create(World& world, const std::vector<std::string>& words) {
  Flags flags = OR_RETURN(Flags::parse(create_options(), words));
  Place place = current_place(world);
  auto list = [&](const char* name) {
    std::vector<std::string> out;
    if (std::string text = flags.text(fmt::format("--{}", name)); !text.empty())
      for (std::string_view part : base::split(text, ',')) out.emplace_back(part);
    return out;
  };
  if (!OR_RETURN(file_name(place)).empty()) return fail(ErrorKind::already_exists, "kustomization file already exists");
  KustomizationFile file = OR_RETURN(KustomizationFile::read("", "kustomization.yaml"));
  EditRequest request{.verb = "add",
                      .what = "resource",
                      .arguments = list("resources"),
                      .options = {},
                      .tree = place.tree.get(),
                      .folder = place.folder,
                      .file = {},
                      .log = {}};
  // What is named twice is written twice, as there.
  for (const std::string& named : std::exchange(request.arguments, {})) {
    Value found = Value::object();
    request.arguments = {named};
    OR_RETURN(render::kustomize::edit(found, request));
    for (const Value& path : found["resources"].items())
      file.fields = file.fields.with_member("resources", file.fields["resources"].appended(path));
  }
  if (flags.is("--autodetect")) {
    std::vector<std::string> found;
    render::kustomize::KnownKinds known;
    detect(place, "", flags.is("--recursive"), &known, found);
    for (const std::string& path : found) {
      Value there = file.fields["resources"];
      if (std::ranges::none_of(there.items(), [&](const Value& item) { return item.as_string() == path; }))
        file.fields = file.fields.with_member("resources", there.appended(path));
    }
  }
  for (auto [flag, field] :
       {std::pair{"namespace", "namespace"}, {"nameprefix", "namePrefix"}, {"namesuffix", "nameSuffix"}})
    if (std::string text = flags.text(fmt::format("--{}", flag)); !text.empty())
      file.fields = file.fields.with_member(field, text);
  for (auto [flag, field] : {std::pair{"labels", "commonLabels"}, {"annotations", "commonAnnotations"}}) {
    Value pairs = OR_RETURN(
        render::kustomize::pairs_from(list(flag), std::string_view(flag).substr(0, std::string_view(flag).size() - 1)));
    if (pairs.size()) file.fields = file.fields.with_member(field, pairs);
  }
  return write_file(world, place, "kustomization.yaml", file);
}

int code_of(Result<> done) {
  if (done) return 0;
  complain(fmt::format("Error: {}\n", done.error().str()));
  return 1;
}
Task<int> run_edit(runtime::RealWorld& world, Invocation said) {
  co_return code_of(edit(world, said.arguments));
}
Result<> version(const std::vector<std::string>& words) {
  Flags flags = OR_RETURN(Flags::parse(kustomize_version_command().options, words));
  std::string format = flags.text("--output");
  if (!format.empty() && format != "yaml" && format != "json")
    return fail(ErrorKind::bad_request, "--output must be 'yaml' or 'json'");
  Value known{{"version", render::kustomize::kustomize_version}};
  print(format == "yaml"   ? value::to_yaml(known)
        : format == "json" ? value::to_json_pretty(known) + "\n"
                           : fmt::format("{}\n", render::kustomize::kustomize_version));
  return {};
}
Task<int> run_version(runtime::RealWorld&, Invocation said) {
  co_return code_of(version(said.arguments));
}
Task<int> run_create(runtime::RealWorld& world, Invocation said) {
  co_return code_of(create(world, said.arguments));
}

}  // namespace

Command kustomize_edit_command() {
  return {
      .words = "kustomize edit",
      .arguments = "set|add|remove|fix [WHAT] [...]",
      .summary = "change the kustomization of the current folder",
      .help =
          "As kustomize's own `edit`; comments above fields stay, values are written anew.\n\n"
          "  set     image replicas namespace nameprefix namesuffix label annotation buildmetadata configmap secret\n"
          "  add     resource component patch configmap secret label annotation base buildmetadata configuration\n"
          "          generator transformer\n"
          "  remove  resource component patch configmap secret label annotation buildmetadata transformer\n"
          "  fix     say deprecated fields in today's words; --vars: vars too, as replacements\n"
          "  alpha-list-builtin-plugin\n\n"
          "  slipway kustomize edit set image web=registry.example/web:1.2\n"
          "  slipway kustomize edit add configmap settings --from-literal=mode=fast\n",
      .options = edit_options(),
      .own_words = true,
      .run = run_edit};
}

Command kustomize_create_command() {
  return {.words = "kustomize create",
          .summary = "write a kustomization.yaml into the current folder",
          .help = "  slipway kustomize create --autodetect --namespace shop\n",
          .options = create_options(),
          .own_words = true,
          .run = run_create};
}
Command kustomize_init_command() {
  return also_called(kustomize_create_command(), "kustomize init", "the same as kustomize create");
}

Command kustomize_version_command() {
  return {.words = "kustomize version",
          .summary = "which kustomize this is as good as",
          .help = "What tools ask for before they build. slipway version says which Slipway it is.\n",
          .options = {{.name = "--output", .value = "FORMAT", .help = "yaml or json", .letter = 'o'}},
          .own_words = true,
          .run = run_version};
}

}  // namespace slipway::cli
