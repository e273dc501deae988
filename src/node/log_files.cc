#include "node/log_files.h"

#include <algorithm>

namespace slipway::node {

namespace {

constexpr size_t kPiece = 64 << 10;
constexpr int kRotationsMax = 10;  // while one file is opened

}  // namespace

Result<> LogFiles::begin(std::optional<int64_t> lines) {
  auto newest_rotated = [&] {
    auto found = rotated_files(files_, path_);
    return found && !found->empty() ? found->back() : std::string();
  };
  Part part;
  passed_ = newest_rotated();
  for (int tries = 0; tries < kRotationsMax; ++tries) {
    auto opened = files_.open(path_, runtime::OpenMode::read);
    if (!opened && !opened.error().is(ErrorKind::not_found)) return std::move(opened).error();
    part.file = opened ? std::move(*opened) : nullptr;
    std::string now = newest_rotated();
    if (std::exchange(passed_, now) == now) break;  // else what we opened may be the rotated one
  }
  int64_t missing = lines.value_or(1);
  if (lines && part.file) {
    Tail tail = OR_RETURN(find_tail(*part.file, *lines));
    part.at = tail.from;
    missing -= tail.lines;
  }
  if (missing > 0 && !passed_.empty()) {
    auto older = files_.open(passed_, runtime::OpenMode::read);
    if (older) {  // else removed meanwhile
      uint64_t at = lines ? OR_RETURN(find_tail(**older, missing)).from : 0;
      parts_.push_back({std::move(*older), at});
    }
  }
  if (part.file) parts_.push_back(std::move(part));
  return {};
}

Result<size_t> LogFiles::read(std::span<char> into) {
  if (parts_.empty()) return size_t{0};
  Part& part = parts_.front();
  size_t count = OR_RETURN(part.file->read_at(part.at, into));
  part.at += count;
  return count;
}

bool LogFiles::skip_to_next() {
  if (parts_.size() < 2) return false;
  parts_.pop_front();
  return true;
}

// An inode tells whether a name still means the file that we hold, and is given to no other while we hold it. A
// rotation is two steps, the renaming and the new file; between them our file has another name and is still written to.
Result<LogFiles::Found> LogFiles::find_next() {
  uint64_t ours = 0;
  if (!parts_.empty()) {
    Part& last = parts_.back();
    ours = OR_RETURN(last.file->inode());
    auto stat = files_.stat(path_);
    if (stat && stat->inode == ours) {
      if (stat->size < last.at) last.at = 0;  // somebody emptied it
      return Found::nothing;
    }
  }
  for (int tries = 0; tries < kRotationsMax; ++tries) {
    std::vector<std::string> after = rotated_since();
    for (size_t i = 0; i < after.size() && ours; ++i) {
      auto stat = files_.stat(after[i]);
      if (!stat || stat->inode != ours) continue;
      passed_ = after[i];
      after.erase(after.begin(), after.begin() + static_cast<ptrdiff_t>(i) + 1);
      break;
    }
    // Ours may be among them no more: the oldest are removed first, so what is there is what came after it.
    const std::string& name = after.empty() ? path_ : after.front();
    auto opened = files_.open(name, runtime::OpenMode::read);
    if (!opened && !opened.error().is(ErrorKind::not_found)) return std::move(opened).error();
    if (!after.empty()) {
      if (!opened) continue;  // removed meanwhile
      passed_ = name;
      parts_.push_back({std::move(*opened), 0});
      return Found::rotated;
    }
    if (!opened) return Found::nothing;  // not made yet
    uint64_t theirs = OR_RETURN((*opened)->inode());
    if (theirs == ours) return Found::nothing;
    if (!rotated_since().empty()) continue;  // what we opened may be the rotated one
    parts_.push_back({std::move(*opened), 0});
    return Found::newest;
  }
  return Found::nothing;
}

std::vector<std::string> LogFiles::rotated_since() const {
  auto found = rotated_files(files_, path_);
  if (!found) return {};  // the pod's directory is gone
  std::erase_if(*found, [&](const std::string& name) { return name <= passed_; });
  return std::move(*found);
}

Result<Tail> find_tail(runtime::File& file, int64_t lines) {
  uint64_t end = OR_RETURN(file.size());
  if (lines <= 0 || end == 0) return Tail{end, 0};
  std::string block(kPiece, '\0');
  int64_t seen = 0;
  for (uint64_t at = end; at > 0;) {
    uint64_t from = at > kPiece ? at - kPiece : 0;
    size_t count = OR_RETURN(file.read_at(from, std::span(block.data(), at - from)));
    for (size_t i = count; i-- > 0;) {
      if (block[i] != '\n' || from + i + 1 == end) continue;  // the newline that ends the file ends the last line
      if (++seen == lines) return Tail{from + i + 1, lines};
    }
    at = from;
  }
  return Tail{0, seen + 1};
}

Result<std::vector<std::string>> rotated_files(runtime::Files& files, const std::string& path) {
  std::string directory = path.substr(0, path.rfind('/')), name = path.substr(path.rfind('/') + 1);
  std::vector<std::string> found;
  for (std::string& entry : OR_RETURN(files.list(directory)))
    if (entry.starts_with(name + ".") && !entry.ends_with(".gz")) found.push_back(directory + "/" + entry);
  return found;
}

}  // namespace slipway::node
