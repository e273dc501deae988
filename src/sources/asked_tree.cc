#include "sources/asked_tree.h"

#include <algorithm>

#include "runtime/digest.h"

namespace slipway::sources {
namespace {

constexpr size_t kQuestionsMax = 20'000;  // kept as long as what was made of the answers

}  // namespace

std::optional<Answers::File> Answers::file_of(const FileEntry* entry) {
  if (!entry) return std::nullopt;
  return File{entry->kind, entry->size, entry->bytes ? runtime::sha256(*entry->bytes) : std::string()};
}

bool Answers::are_of(const Tree& tree) const {
  if (untold_) return false;
  auto same_entry = [&](const auto& asked) {
    const FileEntry* now = tree.entry(asked.first);
    if (!now || !asked.second) return !now && !asked.second;
    return now->size == asked.second->size && file_of(now) == asked.second;
  };
  auto same_files = [&](const auto& asked) {
    auto files = tree.files_below(asked.first);
    return files && *files == asked.second;
  };
  // What cannot be read any more answers as what is not there.
  auto is_known = [&](const auto& asked) { return !tree.unreadable(asked.first); };
  return std::ranges::all_of(directories_, [&](const auto& d) { return tree.is_directory(d.first) == d.second; }) &&
         std::ranges::all_of(lists_, [&](const auto& l) { return is_known(l) && tree.list(l.first) == l.second; }) &&
         std::ranges::all_of(entries_, [&](const auto& e) { return is_known(e) && same_entry(e); }) &&
         std::ranges::all_of(below_, same_files);
}

const FileEntry* AskedTree::entry(std::string_view path) const {
  const FileEntry* found = tree_->entry(path);
  if (may_note() && !answers_->entries_.contains(path))
    answers_->entries_.emplace(std::string(path), Answers::file_of(found));
  return found;
}

bool AskedTree::is_directory(std::string_view path) const {
  bool is_one = tree_->is_directory(path);
  if (may_note() && !answers_->directories_.contains(path)) answers_->directories_.emplace(std::string(path), is_one);
  return is_one;
}

std::vector<std::string> AskedTree::list(std::string_view directory) const {
  std::vector<std::string> names = tree_->list(directory);
  if (may_note() && !answers_->lists_.contains(directory)) answers_->lists_.emplace(std::string(directory), names);
  return names;
}

Result<std::vector<std::string>> AskedTree::files_below(std::string_view directory) const {
  auto files = tree_->files_below(directory);
  if (!files) {
    answers_->untold_ = true;
  } else if (may_note() && !answers_->below_.contains(directory)) {
    answers_->below_.emplace(std::string(directory), *files);
  }
  return files;
}

const Error* AskedTree::unreadable(std::string_view path) const {
  const Error* why = tree_->unreadable(path);
  if (why) answers_->untold_ = true;
  return why;
}

bool AskedTree::may_note() const {
  if (answers_->entries_.size() + answers_->directories_.size() + answers_->lists_.size() + answers_->below_.size() >=
      kQuestionsMax)
    answers_->untold_ = true;
  return !answers_->untold_;
}

}  // namespace slipway::sources
