// slipway helm version.
#include "cli/helm/commands.h"
#include "cli/helm/flags.h"
#include "cli/helm/groups.h"
#include "cli/helm/inputs.h"
#include "render/helm/environment.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

Task<int> version(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(version_command().options, said.arguments);
  if (!flags) co_return refuse(flags.error());
  if (auto fits = check_count(flags->arguments.size(), 0, 0, "version", ""); !fits) co_return refuse(fits.error());
  auto compat = compat_of(*flags);
  if (!compat) co_return refuse(compat.error());
  if (flags->is("--short") && !flags->has("--template")) {
    print(rh::helm_version(*compat) + "\n");
    co_return 0;
  }
  std::string out;
  auto done = rh::print_helm_version(*compat, flags->text("--template"), rh::environment_of(world), out);
  print(out);
  co_return done ? 0 : refuse(done.error());
}

}  // namespace

Command version_command() {
  return command("helm version", "", "the version of Helm whose charts we render",
                 "What Helm itself would print, for scripts that ask before they begin; --template is Helm's.",
                 joined({{{"--short", "", "the number alone"},
                          {"--template", "TEMPLATE", "a Go template over what is printed otherwise"},
                          {"--client", "", "accepted", "", false, 'c'}},
                         global_flags()}),
                 version);
}

}  // namespace slipway::cli::helm
