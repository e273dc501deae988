// What the revisions of repositories mean now: asked for once, and again when the repository may have changed - local
// ones are watched, remote ones polled or named by a webhook.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "cluster/cluster.h"
#include "sources/repositories.h"

namespace slipway::gitops {

class Revisions {
 public:
  using Wake = std::function<void(const cluster::ObjectKey& application)>;
  Revisions(World& world, sources::Repositories& repositories, Duration poll_interval)
      : world_(world), repositories_(repositories), poll_interval_(poll_interval) {}

  // The application wants to hear of changes of these URLs, and of no others; first of those who do when something
  // under one of its directories changed.
  void follow(const cluster::ObjectKey& application, const std::vector<std::string>& urls,
              std::vector<std::string> directories = {});
  // Errors: those of Repositories::resolve; they are kept until the repository may have changed, or retry_in() is over.
  Task<Result<sources::Commit>> resolve(std::string url, std::string revision, std::string project);
  // When a failed resolve() is worth another try; nothing when it did not fail.
  std::optional<Duration> retry_in(const std::string& url, const std::string& revision, const std::string& project);
  // Ask again, whatever is known.
  void forget(const std::string& url);
  // Follows all wanted repositories until canceled.
  Task<void> run(Wake wake);

 private:
  struct Head {
    Result<sources::Commit> commit;
    SteadyTime retry_at{};
    Duration retry_delay{0};
  };
  // What a server told one of those who ask is not for another, who may have no password or a wrong one, or come
  // another way.
  struct Question {
    std::string url;  // with all that it says of who asks
    std::string revision;
    std::string project;  // which may have a password of its own; "" for a local repository, which asks for none
    auto operator<=>(const Question&) const = default;
  };
  struct Repository {
    std::string url;  // as an application spells it
    std::set<cluster::ObjectKey> applications;
    std::map<Question, Head> heads;
    uint64_t changes = 0;
    bool was_asked = false;  // whatever it was, it may be older than the watch
    std::unique_ptr<TaskGroup> follower;
  };
  Question question(std::string url, std::string revision, std::string project) const;
  Task<Result<sources::Commit>> ask(Question question, std::string normalized);
  Task<void> cut_short(std::string normalized, uint64_t changes, runtime::Scope* asking);
  uint64_t changes_of(const std::string& normalized) const;
  Task<void> hear(Repository* repository, Wake wake);
  Task<void> poll(Repository* repository, Wake wake);
  Head* head_of(const Question& question);
  std::map<Question, Head> forget(Repository& repository);
  void changed(Repository& repository, const Wake& wake);
  Task<void> wake_in_order(Repository* repository, std::map<Question, Head> before, Wake wake);
  Task<Result<std::set<cluster::ObjectKey>>> touched(Repository* repository, std::map<Question, Head> before);

  World& world_;
  sources::Repositories& repositories_;
  const Duration poll_interval_;
  std::map<std::string, std::unique_ptr<Repository>> repositories_by_url_;  // normalized
  std::map<cluster::ObjectKey, std::set<std::string>> urls_of_;             // normalized
  std::map<cluster::ObjectKey, std::vector<std::string>> directories_of_;
  runtime::Signal wanted_changed_;
};

}  // namespace slipway::gitops
