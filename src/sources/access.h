// What reaching a remote repository needs besides its URL, and what it means when that is refused.
#pragma once

#include <string>

#include "sources/git.h"
#include "sources/repositories.h"
#include "sources/url.h"

namespace slipway::sources {

class Access {
 public:
  // Keys that a former life left there (it was killed while git ran) are removed: the server's at once, since it is
  // alone in its directory; a person's when nobody can use them any more.
  Access(World& world, Git& git, std::string directory, Asker asker);
  // The call with what reaching `location` needs. Keys lie below the directory (mode 0600) while git runs; known hosts
  // and certificates stay there.
  Task<Result<GitCall>> add(GitCall call, Location location, Credentials credentials);
  // As whom a remote is asked: credentials that were given are used in the server's way, whoever runs it.
  Asker asker_of(const Credentials& credentials) const;

 private:
  void sweep_keys();
  Result<> add_https(GitCall& call, const Location& location, const Credentials& credentials);
  Result<> add_ssh(GitCall& call, const Credentials& credentials);
  Task<Result<GitCall>> add_ssh_of_person(GitCall call, Location location, Credentials credentials);
  struct Ssh {
    std::string command;
    bool takes_options = false;  // it is OpenSSH's, or says that it is like it
  };
  Task<Result<Ssh>> ssh_of_person(Location location);
  Result<std::string> secret_file(GitCall& call, std::string_view kind, std::string text);
  Result<std::string> public_file(std::string_view kind, std::string text);

  World& world_;
  Git& git_;
  std::string directory_;
  Asker asker_;
};

// Whether a server says of itself that it lets those who ask into the repository no more, or knows none such: git's own
// words. Nothing on the way to it does.
bool is_turned_away(const Error& error);
// A refusal by the other side, or of it, with what was tried and the way out; other errors as they are.
Error explain_refusal(Error error, const Location& location, const Credentials& credentials, Asker asker);

}  // namespace slipway::sources
