// Repositories: a URL and a revision become a commit, a commit becomes a Tree. Git is the `git` program on bare
// repositories; local ones are read in place, remote ones kept as partial clones under the data directory. Source of
// the costs: reference/libraries.md 8.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/world.h"
#include "sources/tree.h"

namespace slipway::sources {

struct Credentials {  // never logged
  std::string username, password, ssh_private_key, tls_client_certificate, tls_client_key;
  bool insecure = false;        // neither host keys nor certificates are checked
  bool plain_http = false;      // a registry without TLS
  std::string ca_certificates;  // PEM, for this host; empty: those of the machine
  std::string known_hosts;      // lines of ssh's known_hosts; empty: those that large services publish
  std::string origin;           // for messages: "Secret argocd/private"
};
struct Commit {
  std::string url;                    // as asked for, before mirrors
  std::string sha;                    // full
  std::string revision;               // as asked for: branch, tag, "HEAD", sha or prefix
  std::string author, date, subject;  // RFC 3339; a remote commit that was never fetched has none of the three yet
  std::string project;                // for whom it was asked; its files are for the same
};
// Who asks remotes. The server is nobody there: it has what it was given and no settings of the machine. A person at
// their own machine reaches what their git and ssh reach: their configuration, agent, keys and helpers; never asked.
enum class Asker { server, person };
struct SourceLimits {
  uint64_t blob_bytes_max = 10 << 20;
  size_t files_max = 100'000;
  uint64_t tree_bytes_max = 512 << 20;
  // Of one run of git. Reading: a repository on this machine. Asking: what a remote's references are.
  Duration read_silence_max = 20s, read_time_max = 120s;
  Duration ask_time_max = 60s;
  Duration fetch_silence_max = 60s, fetch_time_max = 600s;
};
// For messages: what is missing where nobody is known to a server; "this url and a password" follows.
inline constexpr std::string_view kNoSecret =
    "no Secret in namespace argocd with the label argocd.argoproj.io/secret-type: repository (or repo-creds) has";
// What reaching a URL needs, for a project: a password may be kept for one project alone. "" is nobody in particular.
using CredentialsOf = std::function<std::optional<Credentials>(std::string_view url, std::string_view project)>;
struct RepositoriesOptions {
  std::string directory;  // of the clones; absolute
  std::string own_data;   // absolute: the server's; neither it nor `directory` has repositories for whom it asks
  std::vector<std::pair<std::string, std::string>> mirrors;  // PREFIX to URL, the longest prefix wins (git's insteadOf)
  CredentialsOf credentials;
  SourceLimits limits;
  Asker asker = Asker::server;
};

class Repositories {
 public:
  static std::unique_ptr<Repositories> create(World& world, RepositoriesOptions options);
  virtual ~Repositories() = default;
  // What the revision means now. Remote: one ls-remote; concurrent calls for one URL share it. Errors: not_found (no
  // such repository or revision, with the nearest branch), unauthorized, unavailable, timeout: in git's own words.
  virtual Task<Result<Commit>> resolve(std::string url, std::string revision, std::string project = "") = 0;
  // All files below `path` ("" all), by their names from the repository's root, from the object store. The same commit
  // gives the same Tree again while somebody holds it. Where that is more than the limits allow, folders and files are
  // left out, the largest first: who asks the Tree for one of them is told so. Errors: as resolve().
  virtual Task<Result<std::shared_ptr<const Tree>>> tree(Commit commit, std::string path = "") = 0;
  // Completes when the URL may have changed: at once for local repositories (their refs are watched); for remote ones
  // only when notify() names it. A change that nobody waited for completes the next call; so does the first call for a
  // local URL. All who wait are told. So: loop { changed(); resolve(); }. Error: canceled; not_found.
  virtual Task<Result<>> changed(std::string url) = 0;
  virtual void notify(std::string_view url) = 0;  // a webhook says that it changed
  // Credentials, known hosts or certificates are others now: all remote URLs may have changed.
  virtual void access_changed() = 0;
  virtual bool is_local(std::string_view url) const = 0;
};

// A directory as it stands on disk (slipway render PATH), with the same limits and without leaving it.
Task<Result<std::shared_ptr<const Tree>>> read_directory(World& world, std::string path, SourceLimits limits = {});

// The whole disk as a Tree, whose paths are absolute ones without the first slash; each file is read when it is asked
// for. Messages name paths as seen from `from`. For commands of the person who owns the disk; one thread at a time.
std::shared_ptr<const Tree> open_disk(runtime::Files& files, std::string from, SourceLimits limits = {});

// "https://github.com/o/r.git", "git@github.com:o/r" and "https://github.com/O/r/" name one repository. User names and
// passwords are left out.
std::string normalized_url(std::string_view url);

}  // namespace slipway::sources
