#include "cli/helm/flag_versions.h"

#include <algorithm>

#include "base/text.h"
#include "render/helm/go_json.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

constexpr std::string_view kOnly3[] = {"--no-update", "--fail-on-repo-update-fail"};
constexpr std::string_view kOnly4[] = {"--color",         "--colour",     "--content-cache", "--force-conflicts",
                                       "--force-replace", "--no-headers", "--server-side",   "--rollback-on-failure"};

struct Deprecated {
  std::string_view flag, instead;
};
constexpr std::string_view kNoEffect = "this flag has no effect for 'helm template' and will be removed in Helm 5";
constexpr Deprecated kDeprecated[] = {{"--atomic", "use --rollback-on-failure instead"},
                                      {"--force", "use --force-replace instead"},
                                      {"--validate", "use '--dry-run=server' instead"},
                                      {"--hide-notes", kNoEffect},
                                      {"--render-subchart-notes", kNoEffect}};

template <size_t n>
bool has(const std::string_view (&names)[n], const std::string& name) {
  return std::ranges::find(names, name) != std::end(names);
}

// What the flag's last word is; "" when it is not said.
std::string last_said(const std::vector<std::string>& words, std::initializer_list<std::string_view> flags) {
  std::string out;
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i)
    for (std::string_view flag : flags) {
      if (words[i] == flag && i + 1 < words.size()) out = words[i + 1];
      if (words[i].starts_with(flag) && words[i].substr(flag.size()).starts_with('='))
        out = words[i].substr(flag.size() + 1);
    }
  return out;
}

}  // namespace

rh::Compat compat_said(const std::vector<std::string>& words) {
  return last_said(words, {"--compat"}) == "helm4" ? rh::Compat::helm4 : rh::Compat::helm3;
}

std::vector<Option> options_of(std::vector<Option> options, rh::Compat compat) {
  bool helm4 = compat == rh::Compat::helm4;
  std::erase_if(options, [&](const Option& o) { return helm4 ? has(kOnly3, o.name) : has(kOnly4, o.name); });
  for (Option& o : options) {
    if (!helm4 || o.name != "--wait") continue;
    o.value = "[watcher|hookOnly|legacy]";
    o.fallback = "watcher";
  }
  return options;
}

std::string remark_on(const std::string& flag, const std::string& value) {
  if (flag == "--wait" && (value == "true" || value == "false"))
    return rh::log_line("WARN", {{"msg", fmt::format("--wait={} is deprecated (boolean value) and can be replaced with "
                                                     "--wait={}",
                                                     value, value == "true" ? "watcher" : "hookOnly")}}) +
           "\n";
  for (const Deprecated& one : kDeprecated)
    if (flag == one.flag) return fmt::format("Flag {} has been deprecated, {}\n", one.flag, one.instead);
  return {};
}

Result<> check_color(const std::vector<std::string>& words) {
  std::string mode = last_said(words, {"--color", "--colour"});
  if (mode.empty() || mode == "never" || mode == "auto" || mode == "always") return {};
  return fail(ErrorKind::bad_request, "{}",
              rh::log_line("WARN", {{"msg", "command failed"},
                                    {"error", fmt::format("invalid color mode {}: must be one of: never, auto, always",
                                                          rh::go_quote(mode))}}));
}

Result<> check_exclusive(const Flags& flags, rh::Compat compat) {
  if (compat != rh::Compat::helm4 || !flags.has("--force-conflicts")) return {};
  for (std::string_view other : {"force", "force-replace"})
    if (flags.has("--" + std::string(other)))
      return fail(ErrorKind::bad_request,
                  "if any flags in the group [{0} force-conflicts] are set none of the others can be; [{1} {2}] were "
                  "all set",
                  other, std::min<std::string_view>(other, "force-conflicts"),
                  std::max<std::string_view>(other, "force-conflicts"));
  return {};
}

}  // namespace slipway::cli::helm
