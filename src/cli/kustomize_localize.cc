// `slipway kustomize localize`: a kustomization copied with all that it names elsewhere.
#include <algorithm>

#include "base/text.h"
#include "cli/helm/flags.h"
#include "cli/kustomize.h"
#include "cli/paths.h"
#include "render/kustomize/build.h"
#include "render/kustomize/localize.h"

namespace slipway::cli {
namespace {

namespace rk = render::kustomize;

struct Wanted {
  std::string target, destination, scope;
  bool verify = true;
};

const std::vector<Option>& localize_options() {
  static const std::vector<Option> options = {
      {.name = "--scope", .value = "DIR", .help = "nothing outside of it is read; the target itself unless said"},
      {.name = "--no-verify", .help = "do not build both and compare"},
      {.name = "--stack-trace", .help = "accepted"}};
  return options;
}

bool is_within(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder == "/" ? folder : folder + "/");
}

Result<Wanted> read_words(const std::vector<std::string>& words) {
  auto flags = OR_RETURN(helm::Flags::parse(localize_options(), words));
  const auto& said = flags.arguments;
  if (said.size() > 2) return fail(ErrorKind::bad_request, "accepts at most 2 arg(s), received {}", said.size());
  Wanted wanted{said.empty() ? "." : said[0], said.size() < 2 ? "" : said[1], flags.text("--scope"),
                !flags.is("--no-verify")};
  if (wanted.target.empty())
    return fail(ErrorKind::bad_request,
                "unable to establish localize target \"\": must build at directory: directory path cannot be empty");
  if (rk::is_remote(wanted.target) && !wanted.scope.empty())
    return fail(ErrorKind::bad_request,
                "invalid localize scope \"{}\": scope \"{}\" specified for remote localize target \"{}\"", wanted.scope,
                wanted.scope, wanted.target);
  if (wanted.destination.empty())
    wanted.destination =
        rk::localize_destination(rk::is_remote(wanted.target) ? wanted.target : absolute_path(wanted.target));
  return wanted;
}

// Checked before anything is read or fetched.
Result<rk::LocalizeRequest> request_for(World& world, const Wanted& wanted) {
  rk::LocalizeRequest request{.tree = sources::open_disk(world.files(), absolute_path(".")), .target = {}, .scope = {}};
  if (world.files().exists(absolute_path(wanted.destination)))
    return fail(ErrorKind::already_exists, "invalid localize destination \"{}\": localize destination already exists",
                wanted.destination);
  if (rk::is_remote(wanted.target)) {
    request.target = wanted.target;
    return request;
  }
  auto folder = [&](const std::string& path, std::string_view what) -> Result<std::string> {
    std::string inside = absolute_path(path).substr(1);
    auto real = request.tree->real_path(inside);
    if (!real) {
      rk::Folder disk(request.tree, "", false);
      Error why = real.failed_with(ErrorKind::not_found) ? disk.missing(path, inside) : std::move(real).error();
      return std::move(why).context(fmt::format("unable to establish localize {} \"{}\"", what, path));
    }
    if (!request.tree->is_directory(*real))
      return fail(ErrorKind::bad_request, "unable to establish localize {} \"{}\": must build at directory", what,
                  path);
    return real;
  };
  request.target = OR_RETURN(folder(wanted.target, "target"));
  request.scope = wanted.scope.empty() ? request.target : OR_RETURN(folder(wanted.scope, "scope"));
  if (!is_within("/" + request.target, "/" + request.scope))
    return fail(ErrorKind::bad_request,
                "invalid localize scope \"{}\": localize scope \"{}\" does not contain target \"{}\"", wanted.scope,
                request.tree->shown(request.scope), request.tree->shown(request.target));
  return request;
}

Result<> write(runtime::Files& files, const std::string& destination, const rk::Localized& localized) {
  for (const auto& [path, text] : localized.files) {
    std::string whole = fmt::format("{}/{}", destination, path);
    OR_RETURN(files.make_directories(whole.substr(0, whole.rfind('/'))));
    OR_RETURN(files.write_atomically(whole, text, 0644));
  }
  return {};
}

struct Outcome {
  Result<std::string> text;
  std::vector<std::string> warnings;
};

// Without what buildMetadata says of where things lie: it differs, as it must.
Outcome built(const std::shared_ptr<const sources::Tree>& tree, std::string path, rk::RemoteBases* bases) {
  Outcome out{"", {}};
  rk::BuildRequest request{.tree = tree, .path = std::move(path)};
  request.remotes = bases;
  request.warn = [&out](std::string_view warning) { out.warnings.emplace_back(warning); };
  auto done = rk::build(request);
  if (!done) {
    out.text = std::move(done).error();
    return out;
  }
  for (rk::Resource& r : done->resources)
    for (const char* note : {"config.kubernetes.io/origin", "alpha.config.kubernetes.io/transformations"})
      if (r.object()["metadata"]["annotations"].has(note)) {
        Value metadata = r.object()["metadata"];
        Value left = metadata["annotations"].without_member(note);
        metadata = left.size() ? metadata.with_member("annotations", left) : metadata.without_member("annotations");
        r.set_object(r.object().with_member("metadata", metadata));
      }
  out.text = kustomize_text(done->resources);
  return out;
}

constexpr const char* build_words =
    "If your target directory requires flags to build: \n1. Add executable permissions for the downloaded exec "
    "binaries "
    "in '{}'. \n2. Run kustomize build with the necessary flags and self-verify the outputs.\n";

Task<Result<>> verify(World& world, sources::Repositories& repositories, Wanted wanted, rk::LocalizeRequest request,
                      std::string localized, rk::RemoteBases* bases) {
  auto tree = sources::open_disk(world.files(), absolute_path("."));
  Outcome before = built(request.tree, request.target, bases);
  while (!before.text) {
    bool more = co_await rk::fetch_wanted(world, repositories, {.local = true, .may = {}}, bases);
    if (!more) break;
    before = built(request.tree, request.target, bases);
  }
  Outcome after = before.text ? built(tree, absolute_path(localized).substr(1), nullptr) : Outcome{"", {}};
  for (const Outcome* outcome : {&before, &after})
    for (const std::string& warning : outcome->warnings) complain(warning + "\n");
  // What was written stays, as there: it may be well, and be built with flags.
  if (!before.text || !after.text) {
    complain(fmt::format(fmt::runtime(build_words), wanted.target));
    co_return std::move(before.text ? after : before).text.error();
  }
  if (*before.text != *after.text)
    co_return fail(ErrorKind::invalid, "VERIFICATION FAILED: `kustomize build` for {} and {} are different",
                   wanted.target, localized);
  complain(fmt::format("VERIFICATION SUCCESS: `kustomize build` for {} and {} are the same after localization.\n",
                       wanted.target, absolute_path(wanted.destination)));
  co_return Result<>();
}

Task<Result<>> localize(World& world, std::vector<std::string> words) {
  Wanted wanted = OR_CO_RETURN(read_words(words));
  auto request = OR_CO_RETURN(request_for(world, wanted));
  rk::RemoteBases bases;
  request.remotes = &bases;
  auto repositories = open_remote_bases(world);
  auto localized = rk::localize(request);
  while (!localized) {
    bool more = co_await rk::fetch_wanted(world, *repositories, {.local = true, .may = {}}, &bases);
    if (!more) break;
    localized = rk::localize(request);
  }
  if (!localized) co_return std::move(localized).error();
  std::string destination = absolute_path(wanted.destination);
  auto above = destination.substr(0, destination.rfind('/'));
  if (!above.empty() && !world.files().exists(above))
    co_return fail(
        ErrorKind::not_found,
        "invalid localize destination \"{}\": unable to create localize destination directory: there is no {}",
        wanted.destination, above);
  if (auto written = write(world.files(), destination, *localized); !written) {
    (void)world.files().remove_tree(destination);
    co_return written;
  }
  if (wanted.verify) {
    std::string root = wanted.destination + (localized->target.empty() ? "" : "/" + localized->target);
    OR_CO_RETURN(co_await verify(world, *repositories, wanted, request, root, &bases));
  }
  complain(fmt::format("SUCCESS: localized \"{}\" to directory {}\n", wanted.target, destination));
  co_return Result<>();
}

Task<int> run_localize(runtime::RealWorld& world, Invocation said) {
  auto done = co_await localize(world, said.arguments);
  if (!done) complain(fmt::format("Error: {}\n", done.error().str()));
  co_return done ? 0 : 1;
}

}  // namespace

Command kustomize_localize_command() {
  return {
      .words = "kustomize localize",
      .arguments = "[TARGET [DESTINATION]]",
      .summary = "copy a kustomization with all that it names elsewhere",
      .help =
          "As kustomize's own `localize`: remote bases and files come to stand below localized-files, and the paths "
          "in the copy name them there.\n\n"
          "  slipway kustomize localize overlays/prod --scope .\n"
          "  slipway kustomize localize 'https://github.com/org/repo//deploy?ref=v1' vendored\n",
      .options = localize_options(),
      .own_words = true,
      .run = run_localize};
}

}  // namespace slipway::cli
