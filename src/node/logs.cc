#include "node/logs.h"

#include <algorithm>

#include "base/text.h"
#include "base/timestamp.h"

namespace slipway::node {

namespace {

constexpr size_t kPiece = 64 << 10;
constexpr int kRotationsMax = 10;    // while one file is opened
constexpr Duration kLookAgain = 1s;  // while following: whether the container still runs

// Where the last `lines` lines begin, and how many there are (fewer: the file has no more).
struct Tail {
  uint64_t from = 0;
  int64_t lines = 0;
};
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

// Names of rotated files of N.log, N.log.<time>, the oldest first.
Result<std::vector<std::string>> rotated_files(runtime::Files& files, const std::string& path) {
  std::string directory = path.substr(0, path.rfind('/')), name = path.substr(path.rfind('/') + 1);
  std::vector<std::string> found;
  for (std::string& entry : OR_RETURN(files.list(directory)))
    if (entry.starts_with(name + ".") && !entry.ends_with(".gz")) found.push_back(directory + "/" + entry);
  return found;
}

// Where reading begins: at `older_at` of the newest rotated file, if one is needed, then at `at` of the newest. Either
// may be null.
struct Beginning {
  std::unique_ptr<runtime::File> older, file;
  uint64_t older_at = 0, at = 0;
};
// Right after a rotation the newest file is empty: a log that was just there must not look lost.
Result<Beginning> begin_log(runtime::Files& files, const std::string& path, std::optional<int64_t> lines) {
  auto newest_rotated = [&] {
    auto found = rotated_files(files, path);
    return found && !found->empty() ? found->back() : std::string();
  };
  Beginning b;
  std::string rotated = newest_rotated();
  for (int tries = 0; tries < kRotationsMax; ++tries) {
    auto opened = files.open(path, runtime::OpenMode::read);
    if (!opened && !opened.error().is(ErrorKind::not_found)) return std::move(opened).error();
    b.file = opened ? std::move(*opened) : nullptr;
    std::string now = newest_rotated();
    if (std::exchange(rotated, now) == now) break;  // else what we opened may be the rotated one
  }
  int64_t missing = lines.value_or(1);
  if (lines && b.file) {
    Tail tail = OR_RETURN(find_tail(*b.file, *lines));
    b.at = tail.from;
    missing -= tail.lines;
  }
  if (missing <= 0 || rotated.empty()) return b;
  auto older = files.open(rotated, runtime::OpenMode::read);
  if (!older) return b;  // removed meanwhile
  b.older = std::move(*older);
  if (lines) b.older_at = OR_RETURN(find_tail(*b.older, missing)).from;
  return b;
}

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
  LogLine l;
  size_t a = line.find(' ');
  size_t b = a == std::string_view::npos ? a : line.find(' ', a + 1);
  size_t c = b == std::string_view::npos ? b : line.find(' ', b + 1);
  if (b == std::string_view::npos) return std::nullopt;
  l.time = line.substr(0, a);
  l.stream = line.substr(a + 1, b - a - 1);
  std::string_view tags = line.substr(b + 1, c == std::string_view::npos ? c : c - b - 1);
  l.text = c == std::string_view::npos ? std::string_view() : line.substr(c + 1);
  if ((l.stream != "stdout" && l.stream != "stderr") || tags.empty() || (tags[0] != 'F' && tags[0] != 'P'))
    return std::nullopt;
  l.partial = tags[0] == 'P';
  return l;
}

LogFilter::LogFilter(const LogRequest& r, WallTime now)
    : timestamps_(r.timestamps),
      with_stdout_(r.with_stdout),
      with_stderr_(r.with_stderr),
      since_(r.since_time),
      left_(r.limit_bytes) {
  if (!since_ && r.since_s) since_ = now - base::whole_seconds(*r.since_s);
}

bool LogFilter::add(std::string_view line, std::string& out) {
  auto l = parse_log_line(line);
  if (!l) return true;
  if (l->stream == "stdout" ? !with_stdout_ : !with_stderr_) return true;
  if (since_) {
    auto time = base::parse_rfc3339(l->time);
    if (time && *time < *since_) return true;
  }
  std::string text;
  if (timestamps_ && !in_line_) text = std::string(l->time) + " ";
  text += l->text;
  if (!l->partial) text += '\n';
  in_line_ = l->partial;
  if (left_) {
    if (static_cast<int64_t>(text.size()) >= *left_) {
      out += text.substr(0, static_cast<size_t>(std::max<int64_t>(*left_, 0)));
      left_ = 0;
      return false;
    }
    *left_ -= static_cast<int64_t>(text.size());
  }
  out += text;
  return true;
}

Task<Result<>> read_log(World& world, std::string path, LogRequest request, LogSink& sink,
                        std::function<bool()> still_running) {
  auto& files = world.files();
  if (request.limit_bytes && *request.limit_bytes <= 0) co_return Result<>();
  std::unique_ptr<runtime::PathWatch> watch;
  if (request.follow) {
    auto watching = files.watch({path.substr(0, path.rfind('/'))});
    if (watching) watch = std::move(*watching);
  }
  LogFilter filter(request, world.now());
  std::string rest, block(kPiece, '\0');
  Beginning begun = OR_CO_RETURN(begin_log(files, path, request.tail_lines));
  std::unique_ptr<runtime::File> older = std::move(begun.older), file = std::move(begun.file);
  uint64_t at = begun.at;
  for (;;) {
    bool running = request.follow && still_running();  // asked before reading: what it wrote last is then read below
    if (!file) {
      auto opened = files.open(path, runtime::OpenMode::read);
      if (opened) {
        file = std::move(*opened);
        at = 0;
      } else if (!opened.error().is(ErrorKind::not_found)) {
        co_return std::move(opened).error();
      }
    }
    while (older || file) {
      uint64_t& position = older ? begun.older_at : at;
      size_t count = OR_CO_RETURN((older ? older : file)->read_at(position, block));
      if (count == 0 && !older) break;
      if (count == 0) older = nullptr;
      position += count;
      rest.append(block.data(), count);
      std::string out;
      size_t begin = 0;
      bool more = true;
      for (size_t end; more && (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1)
        more = filter.add(std::string_view(rest).substr(begin, end - begin), out);
      rest.erase(0, begin);
      if (!out.empty()) OR_CO_RETURN(co_await sink.write(std::move(out)));
      if (!more) co_return Result<>();
    }
    if (!running) co_return Result<>();
    // A rotated file has another name now, and a shorter one stands in its place.
    auto stat = files.stat(path);
    if (file && stat && stat->size < at) {
      file = nullptr;
      continue;
    }
    if (watch) {
      auto changed = co_await runtime::with_timeout(kLookAgain, watch->changed());
      if (!changed && !changed.error().is(ErrorKind::timeout)) co_return changed;
    } else {
      OR_CO_RETURN(co_await runtime::sleep(kLookAgain / 5));
    }
  }
}

Task<Result<>> rotate_log(World& world, std::string path, std::function<Task<Result<>>()> reopen, uint64_t size_max,
                          size_t files_max) {
  auto& files = world.files();
  auto stat = files.stat(path);
  if (!stat || stat->size < size_max) co_return Result<>();
  std::vector<std::string> old = OR_CO_RETURN(rotated_files(files, path));
  for (size_t i = 0; i + files_max - 1 <= old.size(); ++i) OR_CO_RETURN(files.remove(old[i]));
  std::string stamp;
  for (char c : base::format_rfc3339(world.now()))
    if (c >= '0' && c <= '9') stamp += c;
  OR_CO_RETURN(files.rename(path, path + "." + stamp.substr(0, 8) + "-" + stamp.substr(8)));
  auto done = co_await reopen();
  if (!done) (void)files.rename(path + "." + stamp.substr(0, 8) + "-" + stamp.substr(8), path);
  co_return done;
}

std::string log_tail(World& world, const std::string& path, size_t bytes_max, size_t lines_max) {
  auto opened = world.files().open(path, runtime::OpenMode::read);
  if (!opened) return {};
  auto tail = find_tail(**opened, static_cast<int64_t>(lines_max));
  auto size = (*opened)->size();
  if (!tail || !size) return {};
  uint64_t begin = std::max(tail->from, *size > kPiece ? *size - kPiece : 0);
  std::string raw(*size - begin, '\0'), out;
  auto count = (*opened)->read_at(begin, raw);
  if (!count) return {};
  raw.resize(*count);
  LogFilter filter(LogRequest{}, WallTime());
  for (std::string_view line : base::split_lines(raw)) filter.add(line, out);
  return out.size() > bytes_max ? out.substr(out.size() - bytes_max) : out;
}

}  // namespace slipway::node
