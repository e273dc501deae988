#include "node/logs.h"

#include <algorithm>

#include "base/text.h"
#include "base/timestamp.h"
#include "node/log_files.h"

namespace slipway::node {

namespace {

constexpr size_t kPiece = 64 << 10;
constexpr Duration kLookAgain = 1s;    // while following: whether the container still runs
constexpr Duration kOnItsWay = 100ms;  // from a new file's making to the last write into the one before

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
  LogFiles log(world, path);
  OR_CO_RETURN(co_await log.begin(request.tail_lines, filter.since()));
  // The next piece, as it was asked for. A log is huge at times and nobody may want a line of it: that is no work for
  // the loop.
  struct Piece {
    size_t count = 0;
    std::string out;
    bool limit_reached = false;
  };
  auto next_piece = [&]() -> Result<Piece> {
    Piece piece{.count = OR_RETURN(log.read(block))};
    rest.append(block.data(), piece.count);
    size_t begin = 0;
    for (size_t end; !piece.limit_reached && (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1)
      piece.limit_reached = !filter.add(std::string_view(rest).substr(begin, end - begin), piece.out);
    rest.erase(0, begin);
    return piece;
  };
  for (;;) {
    bool running = request.follow && still_running();  // asked before reading: what it wrote last is then read below
    for (;;) {
      Piece piece = OR_CO_RETURN(co_await world.on_pool(next_piece));
      if (piece.count == 0) {
        if (!log.skip_to_next()) break;
        rest.clear();
        continue;
      }
      if (piece.out.empty())
        OR_CO_RETURN(co_await runtime::yield_now());  // canceled?
      else
        OR_CO_RETURN(co_await sink.write(std::move(piece.out)));
      if (piece.limit_reached) co_return Result<>();
    }
    if (!request.follow) co_return Result<>();
    auto found = OR_CO_RETURN(log.find_next());
    if (found == LogFiles::Found::newest && running) OR_CO_RETURN(co_await runtime::sleep(kOnItsWay));
    if (found != LogFiles::Found::nothing) continue;
    if (!running) co_return Result<>();
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
  if (stat.failed_with(ErrorKind::not_found)) co_return co_await reopen();
  if (!stat) co_return std::move(stat).error();
  if (stat->size < size_max) co_return Result<>();
  std::vector<std::string> old = OR_CO_RETURN(rotated_files(files, path));
  for (size_t i = 0; i + files_max - 1 <= old.size(); ++i) OR_CO_RETURN(files.remove(old[i]));
  std::string stamp;
  for (char c : base::format_rfc3339(world.now()))
    if (c >= '0' && c <= '9') stamp += c;
  std::string aside = path + "." + stamp.substr(0, 8) + "-" + stamp.substr(8);
  OR_CO_RETURN(files.rename(path, aside));
  auto done = co_await reopen();
  // Without an answer it may have been done all the same: what is written now has that name.
  if (!done && !files.exists(path)) (void)files.rename(aside, path);
  co_return done;
}

std::string log_tail(World& world, const std::string& path, size_t bytes_max, size_t lines_max) {
  auto opened = world.files().open(path, runtime::OpenMode::read);
  if (!opened) return {};
  TailSearch search(**opened, static_cast<int64_t>(lines_max));
  auto tail = search.step();  // one step goes as far back as is shown
  auto size = (*opened)->size();
  if (!tail || !size) return {};
  uint64_t begin = std::max(*tail ? (*tail)->from : 0, *size > kPiece ? *size - kPiece : 0);
  std::string raw(*size - begin, '\0'), out;
  auto count = (*opened)->read_at(begin, raw);
  if (!count) return {};
  raw.resize(*count);
  LogFilter filter(LogRequest{}, WallTime());
  for (std::string_view line : base::split_lines(raw)) filter.add(line, out);
  return out.size() > bytes_max ? out.substr(out.size() - bytes_max) : out;
}

}  // namespace slipway::node
