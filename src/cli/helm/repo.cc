// slipway helm repo: names for chart repositories, and their indexes.
#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "cli/helm/commands.h"
#include "cli/helm/groups.h"
#include "cli/helm/repo_index.h"
#include "cli/paths.h"
#include "cli/user_file.h"
#include "runtime/task.h"
#include "sources/url.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli::helm {

namespace {

std::vector<Option> repo_options() {
  return joined({{{"--force-update", "", "replace a repository of the same name"},
                  {"--url", "URL", "of the charts, for repo index"},
                  {"--merge", "FILE", "an index to merge into, for repo index"},
                  {"--json", "", "write the index as JSON"},
                  {"--output", "FORMAT", "of list: table, json or yaml", "", false, 'o'},
                  {"--no-headers", "", "of Helm 4's list: no line above the names"},
                  {"--allow-deprecated-repos", "", "accepted"},
                  {"--fail-on-repo-update-fail", "", "for update: one that cannot be reached fails all"},
                  {"--timeout", "DURATION", "accepted"},
                  {"--password-stdin", "", "read the password from stdin"},
                  {"--no-update", "", "accepted"}},
                 chart_flags({"--version", "--devel", "--repo", "--plain-http", "--verify", "--keyring"}),
                 global_flags()});
}

// Held from reading the names until they are written: commands that run at once would forget each other's. As Helm
// does it, beside the file and for half a minute at most.
Task<Result<std::unique_ptr<runtime::FileLock>>> lock_repositories(World& world, const Flags& flags) {
  std::filesystem::path path = repositories_file(flags);
  OR_CO_RETURN(world.files().make_directories(path.parent_path().string()));
  std::string file = path.replace_extension(".lock").string();
  for (int attempt = 0;; ++attempt) {
    auto lock = world.files().lock(file);
    if (lock || !lock.failed_with(ErrorKind::conflict) || attempt == 600) co_return lock;
    OR_CO_RETURN(co_await runtime::sleep(std::chrono::milliseconds(50)));
  }
}

Result<> write_repositories(World& world, const Flags& flags, const std::vector<NamedRepository>& all) {
  ArrayBuilder list;
  for (const NamedRepository& one : all) {
    list.push(Value{{"caFile", one.ca_file},
                    {"certFile", one.cert_file},
                    {"insecure_skip_tls_verify", one.insecure},
                    {"keyFile", one.key_file},
                    {"name", one.name},
                    {"pass_credentials_all", one.pass_credentials},
                    {"password", one.password},
                    {"url", one.url},
                    {"username", one.username}});
  }
  std::string path = repositories_file(flags);
  OR_RETURN(world.files().make_directories(path.substr(0, path.rfind('/'))));
  Value root{{"apiVersion", ""}, {"generated", "0001-01-01T00:00:00Z"}, {"repositories", list.build()}};
  return write_user_file(world.files(), path, value::to_yaml(root), 0600);
}

// As it is kept: from wherever it is read.
std::string file_of(const Flags& flags, const char* option) {
  std::string path = flags.text(option);
  return path.empty() ? path : absolute_path(path);
}

Task<int> repo(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(repo_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  static const Group group{"repo",
                           "",
                           "Names for chart repositories, and their indexes.",
                           {{"add", "give a repository a name", "",
                             "--username --password --password-stdin --force-update --no-update --cert-file --key-file "
                             "--ca-file --insecure-skip-tls-verify --allow-deprecated-repos --pass-credentials "
                             "--timeout"},
                            {"index", "write index.yaml for a folder of archives", "", "--url --merge --json"},
                            {"list", "say which names there are", "ls", "--output --no-headers"},
                            {"remove", "take names away", "rm"},
                            {"update", "read the indexes again", "up", "--fail-on-repo-update-fail --timeout"}}};
  std::string verb = group.verb(*flags);
  bool helm4 = flags->text("--compat") == "helm4";
  if (verb.empty()) co_return group.help();
  if (auto fits = group.check_flags(*flags, repo_options()); !fits) co_return refuse(fits.error());
  auto arguments = std::vector<std::string>(flags->arguments.begin() + 1, flags->arguments.end());
  std::string format = flags->text("--output", "table"), password = flags->text("--password");
  if (verb == "index") {
    if (auto fits = check_count(arguments.size(), 1, 1, "repo index", "[DIR]"); !fits) co_return refuse(fits.error());
    auto done = index_folder(world, arguments[0], *flags);
    if (!done) co_return refuse(done.error());
    co_return 0;
  }
  bool changes = verb == "remove" || (verb == "add" && arguments.size() == 2);
  if (changes && flags->is("--password-stdin")) {
    auto word = read_password();  // whoever types holds nobody up
    if (!word) co_return refuse(word.error());
    password = std::move(*word);
  }
  auto known = read_repositories(world, *flags);
  if (!known) co_return refuse(known.error());
  std::unique_ptr<runtime::FileLock> lock;
  bool some = std::ranges::any_of(
      *known, [&](const NamedRepository& one) { return std::ranges::find(arguments, one.name) != arguments.end(); });
  if (changes && (verb == "add" || some)) {  // with nothing to remove no file is left behind
    auto locked = co_await lock_repositories(world, *flags);
    if (!locked) co_return refuse(locked.error());
    lock = std::move(*locked);
    known = read_repositories(world, *flags);
    if (!known) co_return refuse(known.error());
  }
  if (verb == "list") {
    if (auto fits = check_count(arguments.size(), 0, 0, "repo list", ""); !fits) co_return refuse(fits.error());
    if (format != "table") {
      ArrayBuilder list;
      for (const auto& one : *known) list.push(Value{{"name", one.name}, {"url", one.url}});
      print(format == "json" ? value::to_json(list.build()) + "\n" : value::to_yaml(list.build()));
      co_return 0;
    }
    if (known->empty() && helm4) complain("no repositories to show\n");
    if (known->empty()) co_return helm4 ? 0 : refuse("no repositories to show");
    bool headers = !flags->is("--no-headers");
    size_t name = headers ? 4 : 0, url = headers ? 3 : 0;
    for (const auto& one : *known) name = std::max(name, one.name.size()), url = std::max(url, one.url.size());
    std::string out = headers ? fmt::format("{:<{}}\t{:<{}}\n", "NAME", name, "URL", url) : "";
    for (const auto& one : *known) out += fmt::format("{:<{}}\t{:<{}}\n", one.name, name, one.url, url);
    print(out);
    co_return 0;
  }
  if (verb == "add") {
    if (arguments.size() != 2)
      co_return refuse("\"helm repo add\" requires 2 arguments\n\nUsage:  helm repo add [NAME] [URL] [flags]");
    NamedRepository one{.name = arguments[0],
                        .url = arguments[1],
                        .username = flags->text("--username"),
                        .password = password,
                        .ca_file = file_of(*flags, "--ca-file"),
                        .cert_file = file_of(*flags, "--cert-file"),
                        .key_file = file_of(*flags, "--key-file"),
                        .insecure = flags->is("--insecure-skip-tls-verify"),
                        .pass_credentials = flags->is("--pass-credentials")};
    if (!one.username.empty() && one.password.empty())
      co_return refuse("--username needs --password or --password-stdin: nobody is asked");
    if (one.name.find('/') != one.name.npos)
      co_return refuse(
          fmt::format("repository name ({}) contains '/', please specify a different name without '/'", one.name));
    auto there = std::ranges::find(*known, one.name, &NamedRepository::name);
    if (there != known->end() && !flags->is("--force-update")) {
      if (*there != one)
        co_return refuse(fmt::format("repository name ({}) already exists, please specify a different name", one.name));
      print(fmt::format("\"{}\" already exists with the same configuration, skipping\n", one.name));
      co_return 0;
    }
    if (auto fits = check_protocol(one.url); !fits) co_return refuse(fits.error());
    auto access = access_of(world, *flags);
    if (!access)
      co_return refuse(fmt::format(
          "looks like \"{}\" is not a valid chart repository or cannot be reached: can't create TLS config for "
          "client: {}",
          sources::shown_url(one.url), access.error().str()));
    access->password = one.password;
    auto index = co_await sources::fetch_index(world, one.url, *access);
    if (!index) co_return refuse(index.error());
    if (there != known->end())
      *there = one;
    else
      known->push_back(one);
    if (auto done = write_repositories(world, *flags, *known); !done) co_return refuse(done.error());
    print(fmt::format("\"{}\" has been added to your repositories\n", one.name));
    co_return 0;
  }
  if (verb == "remove") {
    if (auto fits = check_count(arguments.size(), 1, kAny, "repo remove", "[REPO1 [REPO2 ...]]"); !fits)
      co_return refuse(fits.error());
    if (known->empty()) co_return refuse("no repositories configured");
    for (const std::string& name : arguments) {
      auto there = std::ranges::find(*known, name, &NamedRepository::name);
      if (there == known->end()) co_return refuse(fmt::format("no repo named \"{}\" found", name));
      known->erase(there);
      if (auto done = write_repositories(world, *flags, *known); !done) co_return refuse(done.error());
      print(fmt::format("\"{}\" has been removed from your repositories\n", name));
    }
    co_return 0;
  }
  // update
  if (known->empty()) co_return refuse("no repositories found. You must add one before updating");
  for (const std::string& name : arguments)
    if (std::ranges::find(*known, name, &NamedRepository::name) == known->end())
      co_return refuse(fmt::format("no repositories found matching '{}'.  Nothing will be updated", name));
  print("Hang tight while we grab the latest from your chart repositories...\n");
  std::vector<std::string> failed;
  for (const NamedRepository& one : *known) {
    if (!arguments.empty() && std::ranges::find(arguments, one.name) == arguments.end()) continue;
    auto access = access_to(world, *flags, &one);
    if (!access) co_return refuse(access.error());
    auto index = co_await sources::fetch_index(world, one.url, *access);
    if (index) {
      print(fmt::format("...Successfully got an update from the \"{}\" chart repository\n", one.name));
    } else {
      failed.push_back(sources::shown_url(one.url));
      print(fmt::format("...Unable to get an update from the \"{}\" chart repository ({}):\n\t{}\n", one.name,
                        sources::shown_url(one.url), without_looks(index.error().str())));
    }
  }
  if (!failed.empty() && flags->is("--fail-on-repo-update-fail"))
    co_return refuse(fmt::format("Failed to update the following repositories: [{}]", base::join(failed, " ")));
  print("Update Complete. ⎈Happy Helming!⎈\n");
  co_return 0;
}

}  // namespace

Command repo_command() {
  return command(
      "helm repo", "add|list|update|remove|index", "names for chart repositories, and their indexes",
      "Names are kept where Helm keeps them (repositories.yaml). Indexes are fetched when they are needed, not cached.",
      repo_options(), repo);
}

}  // namespace slipway::cli::helm
