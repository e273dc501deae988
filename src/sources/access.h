// What reaching a remote repository needs besides its URL, and what it means when that is refused.
#pragma once

#include <string>

#include "sources/git.h"
#include "sources/repositories.h"
#include "sources/url.h"

namespace slipway::sources {

class Access {
 public:
  Access(World& world, std::string directory) : world_(world), directory_(std::move(directory)) {}
  // Adds to `call` what reaching `location` needs. Keys lie below the directory (mode 0600) while git runs; known hosts
  // and certificates stay there.
  Result<> add(GitCall& call, const Location& location, const Credentials& credentials);

 private:
  Result<> add_https(GitCall& call, const Location& location, const Credentials& credentials);
  Result<> add_ssh(GitCall& call, const Credentials& credentials);
  Result<std::string> secret_file(GitCall& call, std::string_view kind, std::string text);
  Result<std::string> public_file(std::string_view kind, std::string text);

  World& world_;
  std::string directory_;
};

// A refusal by the other side, or of it, with what was tried and the way out; other errors as they are.
Error explain_refusal(Error error, const Location& location, const Credentials& credentials);

}  // namespace slipway::sources
