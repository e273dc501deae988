#include "gitops/engine/revisions.h"

#include <algorithm>

#include "base/text.h"
#include "gitops/engine/touched.h"

namespace slipway::gitops {

namespace {

// A repository that cannot be reached is tried sooner than a quiet one, at first.
constexpr Duration retry_delay_first = 5s;
// Asking a local one costs nobody else anything.
constexpr Duration local_retry_delay_max = 30s;
// Who asks a local repository for longer than this while it changes may be waiting for what is not there any more.
constexpr Duration answer_usual_max = 2s;
// So many wait for one another for longer than it takes to tell whom a commit is about.
constexpr size_t worth_ordering = 50;
constexpr Duration ordering_time_max = 2s;
constexpr int cut_short_max = 2;  // then a slow repository that changes all the time is waited for

}  // namespace

void Revisions::follow(const cluster::ObjectKey& application, const std::vector<std::string>& urls,
                       std::vector<std::string> directories) {
  if (directories.empty()) {
    directories_of_.erase(application);
  } else {
    directories_of_.insert_or_assign(application, std::move(directories));
  }
  std::set<std::string> wanted;
  for (const std::string& url : urls) wanted.insert(sources::normalized_url(url));
  std::set<std::string>& before = urls_of_[application];
  if (before == wanted) {
    if (wanted.empty()) urls_of_.erase(application);
    return;
  }
  for (const std::string& url : before)
    if (!wanted.contains(url)) repositories_by_url_[url]->applications.erase(application);
  for (const std::string& url : urls) {
    auto& repository = repositories_by_url_[sources::normalized_url(url)];
    if (!repository) repository = std::make_unique<Repository>();
    if (repository->url.empty()) repository->url = url;
    repository->applications.insert(application);
  }
  before = std::move(wanted);
  if (before.empty()) urls_of_.erase(application);
  wanted_changed_.notify();
}

Revisions::Question Revisions::question(std::string url, std::string revision, std::string project) const {
  if (repositories_.is_local(url)) project.clear();
  return {std::move(url), std::move(revision), std::move(project)};
}

Revisions::Head* Revisions::head_of(const Question& question) {
  auto at = repositories_by_url_.find(sources::normalized_url(question.url));
  if (at == repositories_by_url_.end()) return nullptr;
  auto head = at->second->heads.find(question);
  return head == at->second->heads.end() ? nullptr : &head->second;
}

Task<Result<sources::Commit>> Revisions::resolve(std::string url, std::string revision, std::string project) {
  Duration retry_delay = retry_delay_first;
  const Question asked = question(url, std::move(revision), std::move(project));
  if (Head* head = head_of(asked)) {
    if (head->commit || world_.steady_now() < head->retry_at) co_return head->commit;
    Duration longest = repositories_.is_local(url) ? std::min(local_retry_delay_max, poll_interval_) : poll_interval_;
    retry_delay = std::min(head->retry_delay * 2, longest);
  }
  std::string normalized = sources::normalized_url(url);
  auto at = repositories_by_url_.find(normalized);
  if (at != repositories_by_url_.end()) at->second->was_asked = true;
  uint64_t changes = changes_of(normalized);
  auto commit = co_await ask(asked, normalized);
  if (commit.failed_with(ErrorKind::canceled)) co_return commit;
  // What changed while we asked makes the answer old: it counts only for this once.
  at = repositories_by_url_.find(normalized);
  if (at != repositories_by_url_.end() && at->second->changes == changes) {
    at->second->heads.insert_or_assign(asked, Head{commit, world_.steady_now() + retry_delay, retry_delay});
  }
  co_return commit;
}

Task<Result<sources::Commit>> Revisions::ask(Question question, std::string normalized) {
  runtime::Scope& scope = co_await runtime::current_scope();
  for (int cut = 0; cut < cut_short_max && repositories_.is_local(question.url); ++cut) {
    runtime::Scope asking(scope);
    TaskGroup watching(scope);
    watching.spawn(cut_short(normalized, changes_of(normalized), &asking));
    auto answer = repositories_.resolve(question.url, question.revision, question.project);
    auto commit = co_await std::move(answer).in(asking);
    co_await watching.stop();
    if (!commit.failed_with(ErrorKind::canceled) || scope.canceled()) co_return commit;
  }
  co_return co_await repositories_.resolve(question.url, question.revision, question.project);
}

// A file that is a pipe for a moment holds git when it is a file again. The commit that tells so is not to wait for it.
Task<void> Revisions::cut_short(std::string normalized, uint64_t changes, runtime::Scope* asking) {
  while (true) {
    auto slept = co_await runtime::sleep(answer_usual_max);
    if (!slept) co_return;
    if (changes_of(normalized) == changes) continue;
    asking->cancel();
    co_return;
  }
}

uint64_t Revisions::changes_of(const std::string& normalized) const {
  auto at = repositories_by_url_.find(normalized);
  return at == repositories_by_url_.end() ? 0 : at->second->changes;
}

std::optional<Duration> Revisions::retry_in(const std::string& url, const std::string& revision,
                                            const std::string& project) {
  Head* head = head_of(question(url, revision, project));
  if (!head || head->commit) return std::nullopt;
  return std::max<Duration>(head->retry_at - world_.steady_now(), 0s);
}

void Revisions::forget(const std::string& url) {
  auto at = repositories_by_url_.find(sources::normalized_url(url));
  if (at != repositories_by_url_.end()) forget(*at->second);
}

// What was known of it is old. Gives that.
std::map<Revisions::Question, Revisions::Head> Revisions::forget(Repository& repository) {
  ++repository.changes;
  return std::exchange(repository.heads, {});
}

void Revisions::changed(Repository& repository, const Wake& wake) {
  forget(repository);
  for (const auto& application : repository.applications) wake(application);
}

Task<void> Revisions::wake_in_order(Repository* repository, std::map<Question, Head> before, Wake wake) {
  auto touched = co_await runtime::with_timeout(ordering_time_max, this->touched(repository, std::move(before)));
  if (touched.failed_with(ErrorKind::canceled)) co_return;
  if (touched) {
    for (const auto& application : *touched) wake(application);
  }
  for (const auto& application : repository->applications) wake(application);
}

// Those in whose directories something changed. What they take from elsewhere - a base, values - may have changed for
// others as well: they are woken with the rest. Errors: what cannot be read now; the order is all that is lost.
Task<Result<std::set<cluster::ObjectKey>>> Revisions::touched(Repository* repository, std::map<Question, Head> before) {
  std::set<std::string> directories;
  for (auto& [question, head] : before) {
    if (!head.commit) continue;
    auto now = OR_CO_RETURN(co_await resolve(question.url, question.revision, question.project));
    if (now.sha == head.commit->sha) continue;
    auto old_tree = OR_CO_RETURN(co_await repositories_.tree(*head.commit, ""));
    auto new_tree = OR_CO_RETURN(co_await repositories_.tree(now, ""));
    directories.merge(co_await world_.on_pool([&] { return touched_directories(*old_tree, *new_tree); }));
  }
  std::set<cluster::ObjectKey> found;
  for (const auto& application : repository->applications) {
    auto lies_in = directories_of_.find(application);
    if (lies_in == directories_of_.end()) continue;
    for (const std::string& directory : lies_in->second)
      if (directories.contains(directory)) found.insert(application);
  }
  co_return found;
}

Task<void> Revisions::hear(Repository* repository, Wake wake) {
  bool is_first = true;
  while (true) {
    auto told = co_await repositories_.changed(repository->url);
    if (told.failed_with(ErrorKind::canceled)) co_return;
    if (!told) {  // no such repository now; it may come
      auto rested = co_await runtime::sleep(retry_delay_first);
      if (!rested) co_return;
      // one that is there and cannot be watched (more directories than may be) is asked instead
      bool answers = !told.failed_with(ErrorKind::not_found) && !told.failed_with(ErrorKind::timeout) &&
                     !told.failed_with(ErrorKind::unavailable);
      if (answers) changed(*repository, wake);
      continue;
    }
    // The first word about a local repository only says that the watch stands: what was asked before may be old.
    bool quiet = std::exchange(is_first, false) && !repository->was_asked;
    if (quiet) continue;
    if (repository->applications.size() < worth_ordering) {
      changed(*repository, wake);
      continue;
    }
    repository->follower->spawn(wake_in_order(repository, forget(*repository), wake));
  }
}

Task<void> Revisions::poll(Repository* repository, Wake wake) {
  while (true) {
    auto rested = co_await runtime::sleep(poll_interval_);
    if (!rested) co_return;
    // What failed has a back-off of its own, which a poll must not begin anew.
    auto failed = std::exchange(repository->heads, {});
    std::erase_if(failed, [](const auto& head) { return head.second.commit.has_value(); });
    changed(*repository, wake);
    repository->heads = std::move(failed);
  }
}

Task<void> Revisions::run(Wake wake) {
  runtime::Scope& scope = co_await runtime::current_scope();
  while (true) {
    for (auto& [url, repository] : repositories_by_url_) {
      if (repository->applications.empty() || repository->follower) continue;
      repository->follower = std::make_unique<TaskGroup>(scope);
      repository->follower->spawn(hear(repository.get(), wake));
      if (!repositories_.is_local(repository->url)) repository->follower->spawn(poll(repository.get(), wake));
    }
    // Nobody wants it any more: its follower ends.
    for (auto it = repositories_by_url_.begin(); it != repositories_by_url_.end();) {
      if (!it->second->applications.empty()) {
        ++it;
        continue;
      }
      auto gone = std::move(it->second);
      it = repositories_by_url_.erase(it);
      if (!gone->follower) continue;
      co_await gone->follower->stop();
      it = repositories_by_url_.begin();  // much may have changed meanwhile
    }
    auto woken = co_await wanted_changed_.wait();
    if (woken) continue;
    for (auto& [url, repository] : repositories_by_url_) {
      if (repository->follower) co_await repository->follower->stop();
      repository->follower = nullptr;
    }
    co_return;
  }
}

}  // namespace slipway::gitops
