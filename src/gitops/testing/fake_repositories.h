// For tests: repositories in memory. A commit is a set of files; its sha is made from its number.
#pragma once

#include <map>

#include "base/text.h"
#include "sources/repositories.h"
#include "sources/testing/make_tree.h"

namespace slipway::gitops::testing {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

class FakeRepositories : public sources::Repositories {
 public:
  // A new head of the branch; those who wait for changes are told. Gives the sha.
  std::string commit(const std::string& url, Files files, const std::string& branch = "main") {
    std::string sha = fmt::format("{:040x}", ++commits_ + 0xabc0000);
    trees_[sha] = sources::testing::make_tree(std::move(files));
    heads_[{sources::normalized_url(url), branch}] = sha;
    if (is_local(url)) notify(url);
    return sha;
  }
  // A branch moved to a commit that is there already (a force-push), or taken away (no sha).
  void set_branch(const std::string& url, const std::string& sha, const std::string& branch = "main") {
    heads_.erase({sources::normalized_url(url), branch});
    if (!sha.empty()) heads_[{sources::normalized_url(url), branch}] = sha;
    if (is_local(url)) notify(url);
  }
  void fail_with(const std::string& url, std::optional<Error> error) {
    failures_.erase(sources::normalized_url(url));
    if (error) failures_.insert_or_assign(sources::normalized_url(url), std::move(*error));
  }
  // URLs with what they say of who asks, and the project; all are let in while there is none.
  std::function<bool(const std::string& url, const std::string& project)> lets_in;
  int resolved = 0;     // calls
  bool silent = false;  // who asks while it is, never has an answer

  Task<Result<sources::Commit>> resolve(std::string url, std::string revision, std::string project) override {
    ++resolved;
    if (silent) {
      auto never = co_await runtime::sleep(24h);
      co_return fail(never ? ErrorKind::timeout : ErrorKind::canceled, "git gave no answer");
    }
    if (lets_in && !lets_in(url, project)) co_return fail(ErrorKind::unauthorized, "401 Unauthorized");
    std::string normalized = sources::normalized_url(url);
    if (auto failure = failures_.find(normalized); failure != failures_.end()) co_return failure->second;
    std::string sha;
    auto head = heads_.find({normalized, revision == "HEAD" ? "main" : revision});
    if (head != heads_.end()) sha = head->second;
    if (trees_.contains(revision)) sha = revision;
    if (sha.empty()) co_return fail(ErrorKind::not_found, "unable to resolve '{}' to a commit SHA", revision);
    co_return sources::Commit{url, sha, revision, "", "", "", project};
  }
  Task<Result<std::shared_ptr<const sources::Tree>>> tree(sources::Commit commit, std::string) override {
    auto tree = trees_.find(commit.sha);
    if (tree == trees_.end()) co_return fail(ErrorKind::not_found, "no commit {}", commit.sha);
    co_return tree->second;
  }
  Task<Result<>> changed(std::string url) override {
    auto& signal = signals_[sources::normalized_url(url)];
    co_return co_await signal.wait();
  }
  void notify(std::string_view url) override { signals_[sources::normalized_url(url)].notify(); }
  void access_changed() override {
    for (auto& [url, signal] : signals_)
      if (!is_local(url)) signal.notify();
  }
  bool is_local(std::string_view url) const override { return url.starts_with("/"); }

 private:
  uint64_t commits_ = 0;
  std::map<std::string, std::shared_ptr<const sources::Tree>> trees_;
  std::map<std::pair<std::string, std::string>, std::string> heads_;
  std::map<std::string, Error> failures_;
  std::map<std::string, runtime::Signal> signals_;
};

}  // namespace slipway::gitops::testing
