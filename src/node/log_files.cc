#include "node/log_files.h"

#include <algorithm>

#include "base/timestamp.h"

namespace slipway::node {

namespace {

constexpr size_t kPiece = 64 << 10;
constexpr int kRotationsMax = 10;  // while one file is opened
constexpr Duration kTimesMayDiffer = 1min;

Task<Result<Tail>> find_tail(World& world, runtime::File& file, int64_t lines) {
  TailSearch search(file, lines);
  for (;;) {
    auto found = OR_CO_RETURN(co_await world.on_pool([&] { return search.step(); }));
    if (found) co_return *found;
    OR_CO_RETURN(co_await runtime::yield_now());  // canceled?
  }
}

// Of the first whole line in a piece of a log: where it begins, and its time.
struct TimedLine {
  size_t at = 0;
  WallTime time;
};
std::optional<TimedLine> first_timed_line(std::string_view piece) {
  for (size_t at = piece.find('\n'); at != piece.npos; at = piece.find('\n', at)) {
    ++at;
    size_t end = piece.find(' ', at);
    if (end == piece.npos) break;
    if (auto time = base::parse_rfc3339(piece.substr(at, end - at))) return TimedLine{at, *time};
  }
  return std::nullopt;
}

}  // namespace

Task<Result<>> LogFiles::begin(std::optional<int64_t> lines, std::optional<WallTime> since) {
  auto newest_rotated = [&] {
    auto found = rotated_files(files_, path_);
    return found && !found->empty() ? found->back() : std::string();
  };
  Part part, older;
  passed_ = newest_rotated();
  for (int tries = 0; tries < kRotationsMax; ++tries) {
    auto opened = files_.open(path_, runtime::OpenMode::read);
    if (!opened && !opened.error().is(ErrorKind::not_found)) co_return std::move(opened).error();
    part.file = opened ? std::move(*opened) : nullptr;
    auto rotated = passed_.empty() ? Result<std::unique_ptr<runtime::File>>(nullptr)
                                   : files_.open(passed_, runtime::OpenMode::read);
    older.file = rotated ? std::move(*rotated) : nullptr;  // removed meanwhile
    std::string now = newest_rotated();
    if (std::exchange(passed_, now) == now) break;  // else what we opened may be the rotated one
  }
  int64_t missing = lines.value_or(1);
  if (lines && part.file) {
    Tail tail = OR_CO_RETURN(co_await find_tail(world_, *part.file, *lines));
    part.at = tail.from;
    missing -= tail.lines;
  }
  if (missing <= 0) older.file = nullptr;
  if (lines && older.file) older.at = OR_CO_RETURN(co_await find_tail(world_, *older.file, missing)).from;
  for (Part* each : {&older, &part}) {
    if (!each->file) continue;
    if (since) {
      auto search = [&] { return find_since(*each->file, *since); };
      each->at = std::max(each->at, OR_CO_RETURN(co_await world_.on_pool(search)));
    }
    parts_.push_back(std::move(*each));
  }
  co_return Result<>();
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

Result<std::optional<Tail>> TailSearch::step() {
  if (!end_) {
    end_ = at_ = OR_RETURN(file_.size());
    if (lines_ <= 0 || at_ == 0) return Tail{at_, 0};
    block_.resize(kPiece);
  }
  uint64_t from = at_ > kPiece ? at_ - kPiece : 0;
  size_t count = OR_RETURN(file_.read_at(from, std::span(block_.data(), at_ - from)));
  std::string_view piece(block_.data(), count);
  if (from + count == *end_ && piece.ends_with('\n')) piece.remove_suffix(1);  // it ends the last line
  int64_t here = std::ranges::count(piece, '\n');
  if (seen_ + here >= lines_) {
    size_t at = piece.size();
    for (int64_t left = lines_ - seen_; left > 0; --left) at = piece.rfind('\n', at - 1);
    return Tail{from + at + 1, lines_};
  }
  seen_ += here;
  at_ = from;
  if (at_ > 0) return std::nullopt;
  return Tail{0, seen_ + 1};
}

Result<uint64_t> find_since(runtime::File& file, WallTime since) {
  uint64_t from = 0, to = OR_RETURN(file.size());  // `from`: older than it; `to`: not, or not known to be
  std::string block(kPiece, '\0');
  while (to - from > kPiece) {
    uint64_t middle = from + (to - from) / 2;
    size_t count = OR_RETURN(file.read_at(middle, block));
    auto line = first_timed_line(std::string_view(block.data(), count));
    if (line && middle + line->at < to && line->time < since - kTimesMayDiffer)
      from = middle + line->at;
    else
      to = middle;
  }
  return from;
}

Result<std::vector<std::string>> rotated_files(runtime::Files& files, const std::string& path) {
  std::string directory = path.substr(0, path.rfind('/')), name = path.substr(path.rfind('/') + 1);
  std::vector<std::string> found;
  for (std::string& entry : OR_RETURN(files.list(directory)))
    if (entry.starts_with(name + ".") && !entry.ends_with(".gz")) found.push_back(directory + "/" + entry);
  return found;
}

}  // namespace slipway::node
