// slipway helm -n NS template ...: global flags may stand before the command's name, as Helm takes them. What is no
// command is refused in Helm's words; what is one of Helm's and not offered here says so.
#include <algorithm>

#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/helm/commands.h"
#include "cli/helm/flags.h"

namespace slipway::cli::helm {

namespace {

// All of Helm's, in the order in which it looks for those that are nearly meant.
constexpr std::string_view kHelms[] = {
    "create",  "dependency", "pull",    "show",   "lint",    "package",  "repo",   "search",   "verify",
    "get",     "history",    "install", "list",   "test",    "rollback", "status", "template", "uninstall",
    "upgrade", "completion", "env",     "plugin", "version", "registry", "push"};

// How many letters must be put in, taken out or changed.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t change = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

// Where the command's name stands: behind flags and what they take.
size_t name_at(const std::vector<std::string>& words) {
  auto flags = global_flags();
  auto takes_none = [](const Option& o) { return o.value.empty(); };
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") break;
    if (!word.starts_with('-')) {
      if (!word.empty()) return i;
      continue;
    }
    if (word.find('=') != word.npos || (!word.starts_with("--") && word.size() != 2)) continue;
    auto flag = word.starts_with("--") ? std::ranges::find(flags, word, &Option::name)
                                       : std::ranges::find(flags, word.back(), &Option::letter);
    if (flag == flags.end() || !takes_none(*flag)) ++i;
  }
  return words.size();
}

int unknown(const std::string& name) {
  if (std::ranges::find(kHelms, name) != std::end(kHelms))
    return refuse(
        fmt::format("\"helm {}\" is not offered: slipway renders charts, packs and fetches them, and delivers "
                    "what a Git repository says (slipway up)",
                    name));
  std::string near;
  for (std::string_view one : kHelms)
    if (distance(base::to_lower(name), one) <= 2 || one.starts_with(base::to_lower(name)))
      near += fmt::format("\t{}\n", one);
  if (!near.empty()) near = "\n\nDid you mean this?\n" + near;
  return refuse(fmt::format("unknown command \"{}\" for \"helm\"{}\nRun 'helm --help' for usage.", name, near));
}

Task<int> other(runtime::RealWorld& world, Invocation said) {
  std::vector<std::string> words = std::move(said.arguments);
  size_t at = name_at(words);
  if (at == words.size()) {
    auto flags = Flags::parse(global_flags(), words);
    co_return flags ? refuse("no command is named; see: slipway helm --help") : refuse(flags.error());
  }
  std::string name = words[at];
  if (name == "fetch") name = "pull";  // its older name
  words.erase(words.begin() + static_cast<long>(at));
  for (const Command& command : client_commands()) {
    if (command.otherwise || command.words != "helm " + name) continue;
    Invocation again;
    again.arguments = std::move(words);
    co_return co_await command.run(world, std::move(again));
  }
  co_return unknown(name);
}

}  // namespace

Command other_command() {
  Command c = command("helm", "", "", "", global_flags(), other);
  c.otherwise = true;
  return c;
}

}  // namespace slipway::cli::helm
