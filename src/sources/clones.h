// Remote repositories: what their refs are now, and bare partial clones of the commits that were asked for.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "sources/access.h"
#include "sources/git.h"
#include "sources/let_in.h"
#include "sources/object_store.h"
#include "sources/sharing.h"

namespace slipway::sources {

class Clones {
 public:
  Clones(World& world, Git& git, ObjectStore& objects, std::string directory, SourceLimits limits, Asker asker)
      : world_(world),
        git_(git),
        objects_(objects),
        access_(world, git, directory, asker),
        directory_(std::move(directory)),
        limits_(limits),
        asker_(asker) {}
  // What was asked until now may be told otherwise from now on (a push, other credentials): who asks later does not
  // join a question that is under way.
  void outdate() { ++age_; }
  uint64_t age() const { return age_; }
  // `credentials` are those of the location; parse_url's own are used where it has none.
  Task<Result<Commit>> resolve(Location location, Credentials credentials, std::string revision);
  Task<Result<std::shared_ptr<const Tree>>> tree(Location location, Credentials credentials, std::string sha,
                                                 std::string path);

 private:
  struct Fetched {
    std::string sha, reader;
    uint64_t age = 0;
    std::optional<Error> error;
  };
  using Text = std::shared_ptr<const std::string>;
  // git about this remote, with what reaching it needs.
  Task<Result<std::string>> ask(GitCall call, Location location, Credentials credentials);
  Task<Result<Text>> list_refs(Location location, Credentials credentials);
  Task<Result<Text>> list_refs_shared(Location location, Credentials credentials);
  Task<Result<>> ensure(Location location, Credentials credentials, std::string sha, bool again);
  Task<Result<>> fetch(Location location, Credentials credentials, std::string sha, bool again);
  Task<Result<Fetched>> fetch_for(Location location, Credentials credentials, std::string sha, bool again);
  Task<Result<>> fetch_history(Location location, Credentials credentials, std::string sha);
  Task<Result<Commit>> find_prefix(Location location, Credentials credentials, std::string prefix);
  Task<Result<Fetched>> fetch_commits(Location location, Credentials credentials, std::string git_dir);
  Task<Result<>> prepare(std::string git_dir);
  Task<Result<>> create(std::string git_dir);
  void sweep(const std::string& git_dir);
  void sweep_locks_of_refs(const std::string& directory);
  std::string clone_of(const Location& location) const;
  bool is_let_in(const Location& location, const Credentials& credentials, const std::string& sha) const;
  void let_in(const Location& location, const Credentials& credentials, const std::string& sha);
  Task<void> turn_away(Location location, Credentials credentials);
  // What of it outlives the program, for a server that is away after a restart. None where it cannot be kept.
  Task<Result<std::string>> marks_of(Location location, Credentials credentials);
  Task<void> keep_let_in(Location location, Credentials credentials, std::string sha);
  Task<bool> was_let_in(Location location, Credentials credentials, std::string sha);

  World& world_;
  Git& git_;
  ObjectStore& objects_;
  Access access_;
  std::string directory_;
  SourceLimits limits_;
  const Asker asker_;
  uint64_t age_ = 0;
  LetIn let_in_;                              // digests of who was, and the commit
  std::map<std::string, std::string> marks_;  // by clone and digest of who asks: what marks_of() gave
  Sharing<std::string> marking_;
  Sharing<Text> listing_;
  Sharing<Fetched> fetching_;
};

}  // namespace slipway::sources
