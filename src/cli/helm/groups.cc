#include "cli/helm/groups.h"

#include <algorithm>

#include "base/text.h"
#include "cli/helm/commands.h"

namespace slipway::cli::helm {

Result<> check_count(size_t count, size_t least, size_t most, std::string_view command, std::string_view usage) {
  if (count >= least && count <= most) return {};
  if (most == 0)
    return fail(ErrorKind::bad_request, "\"helm {0}\" accepts no arguments\n\nUsage:  helm {0} [flags]", command);
  std::string wanted = least == most   ? fmt::format("requires {}", least)
                       : count < least ? fmt::format("requires at least {}", least)
                                       : fmt::format("accepts at most {}", most);
  size_t named = count < least ? least : most;
  return fail(ErrorKind::bad_request, "\"helm {}\" {} argument{}\n\nUsage:  helm {} {} [flags]", command, wanted,
              named == 1 ? "" : "s", command, usage);
}

std::string Group::verb(const Flags& flags) const {
  if (!flags.arguments.empty())
    for (const Verb& one : verbs)
      if (flags.arguments[0] == one.name || (!one.alias.empty() && flags.arguments[0] == one.alias))
        return std::string(one.name);
  return {};
}

Result<> Group::check_flags(const Flags& flags, const std::vector<Option>& options) const {
  std::string name = verb(flags);
  auto own = base::split(std::ranges::find(verbs, name, &Verb::name)->flags, ' ');
  auto everywhere = global_flags();
  for (const Option& o : options) {
    if (!flags.has(o.name) || std::ranges::find(own, o.name) != own.end()) continue;
    if (std::ranges::find(everywhere, o.name, &Option::name) == everywhere.end())
      return fail(ErrorKind::bad_request, "unknown flag: {}", o.name);
  }
  return {};
}

int Group::help() const {
  std::string out = fmt::format("\n{}\n\nUsage:\n  helm {} [command]\n", about, name);
  if (!aliases.empty()) out += fmt::format("\nAliases:\n  {}\n", aliases);
  out += "\nAvailable Commands:\n";
  for (const Verb& one : verbs) out += fmt::format("  {:<11} {}\n", one.name, one.about);
  print(out + fmt::format("\nFor flags: slipway helm {} --help\n", name));
  return 0;
}

Command command(const char* words, Literal arguments, Literal summary, Literal help, std::vector<Option> options,
                Task<int> (*run)(runtime::RealWorld&, Invocation)) {
  Command c;
  c.words = words;
  c.arguments = arguments;
  c.summary = summary;
  c.help = help;
  c.options = std::move(options);
  c.arguments_max = 100;
  c.own_words = true;
  c.run = run;
  return c;
}

}  // namespace slipway::cli::helm
