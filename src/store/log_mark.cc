#include "store/log_mark.h"

#include "base/text.h"

namespace slipway::store {

namespace {

constexpr uint64_t page_bytes = 4096, header_bytes = 32, frame_header_bytes = 24;
constexpr size_t mark_bytes = 128;  // always as long, within one sector
constexpr std::string_view first_word = "slipway-mark-1";

uint32_t big_endian(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

// SQLite's running checksum over words of 32 bits; words are in the order of the machine that wrote the log.
class LogSum {
 public:
  explicit LogSum(bool big) : big_(big) {}
  void add(std::string_view bytes) {
    for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      a_ += word(bytes, i) + b_;
      b_ += word(bytes, i + 4) + a_;
    }
  }
  bool is(std::string_view stored) const { return big_endian(stored, 0) == a_ && big_endian(stored, 4) == b_; }

 private:
  uint32_t word(std::string_view bytes, size_t at) const {
    uint32_t number = big_endian(bytes, at);
    return big_ ? number : __builtin_bswap32(number);
  }
  bool big_;
  uint32_t a_ = 0, b_ = 0;
};

std::string digest(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

}  // namespace

void LogMark::wrote(uint64_t offset, std::string_view bytes) {
  if (offset == 0 && bytes.size() >= header_bytes) {  // the log begins anew
    salts_ = base::hex_encode(bytes.substr(16, 8));
    end_ = {};
  } else if (bytes.size() == frame_header_bytes && (offset - header_bytes) % (frame_header_bytes + page_bytes) == 0 &&
             big_endian(bytes, 4) != 0) {  // the last frame of a transaction says how many pages there are now
    end_ = End{offset + frame_header_bytes + page_bytes, base::hex_encode(bytes.substr(16, 8))};
  }
}

void LogMark::synced() {
  if (!end_ || end_ == marked_ || salts_.empty()) return;
  if (write(fmt::format("log {} {} {}", salts_, end_->offset, end_->sum), false)) marked_ = end_;
}

Result<> LogMark::forget() {
  end_ = marked_ = {};
  return write("empty", true);
}

Result<> LogMark::write(std::string_view what, bool sync) {
  bool fresh = !file_;
  if (fresh) file_ = OR_RETURN(files_.open(path(), runtime::OpenMode::create));
  std::string text = fmt::format("{} {} {}", first_word, digest(what), what);
  text.resize(mark_bytes - 1, ' ');
  OR_RETURN(file_->write_at(0, text + "\n"));
  return sync ? file_->sync() : Result<>();
}

Result<> LogMark::check() {
  auto text = files_.read(path(), 4096);
  if (text.failed_with(ErrorKind::not_found)) {
    auto log = files_.stat(database_ + "-wal");
    if (log && log->size > 0 && !files_.exists(database_))
      return fail(ErrorKind::invalid,
                  "{0} is not there, and its log {0}-wal is: put the file back, restore a backup, or remove the log to "
                  "begin anew",
                  database_);
    return {};
  }
  if (!text) return text.error();
  auto words = base::split(base::trim(*text), ' ');  // format, digest, what
  // After a power loss it may be empty or zeros: then it says nothing.
  if (words.size() < 3 || words[0] != first_word) return {};
  if (digest(std::string_view(words[2].data(), words.back().data() + words.back().size())) != words[1]) return {};
  auto stat = files_.stat(database_);
  if (!stat) return lost("the file is not there");
  switch (stat->kind) {
    case runtime::FileStat::Kind::file:
      break;
    case runtime::FileStat::Kind::directory:
      return lost("a directory is there instead of the file");
    case runtime::FileStat::Kind::symlink:
      return lost("a link is there instead of the file");
    case runtime::FileStat::Kind::other:
      return lost("a pipe or a device is there instead of the file");
  }
  if (stat->size < page_bytes) return lost(fmt::format("the file was cut to {} bytes", stat->size));
  if (words[2] != "log" || words.size() != 6) return {};
  auto offset = base::parse_int(words[4]);
  if (!offset || *offset <= 0) return {};
  return check_log(words[3], {static_cast<uint64_t>(*offset), std::string(words[5])});
}

Result<> LogMark::check_log(std::string_view salts, const End& end) {
  const std::string name = database_ + "-wal";
  auto file = files_.open(name, runtime::OpenMode::read);
  if (file.failed_with(ErrorKind::not_found)) return lost(name + " is not there");
  if (!file) return file.error();
  auto read = [&](uint64_t offset, size_t size) -> Result<std::string> {
    std::string bytes(size, '\0');
    bytes.resize(OR_RETURN((*file)->read_at(offset, bytes)));
    return bytes;
  };
  std::string header = OR_RETURN(read(0, header_bytes));
  if (header.size() < header_bytes) return lost(name + " is empty");
  uint32_t magic = big_endian(header, 0);
  LogSum sum(magic == 0x377f0683);
  sum.add(std::string_view(header).substr(0, 24));
  if ((magic & ~1u) != 0x377f0682 || big_endian(header, 8) != page_bytes || !sum.is(header.substr(24)))
    return lost(name + " is damaged at its beginning");
  // It was begun anew since the mark was written, which it is only after all of it had been moved into the database.
  if (base::hex_encode(header.substr(16, 8)) != salts) return {};
  std::string frame;
  for (uint64_t at = header_bytes; at < end.offset; at += frame.size()) {
    frame = OR_RETURN(read(at, frame_header_bytes + page_bytes));
    if (frame.size() < frame_header_bytes + page_bytes)
      return lost(fmt::format("{} ends at byte {}, {} were written", name, at + frame.size(), end.offset));
    sum.add(std::string_view(frame).substr(0, 8));
    sum.add(std::string_view(frame).substr(frame_header_bytes));
    if (frame.substr(8, 8) != header.substr(16, 8) || !sum.is(std::string_view(frame).substr(16)))
      return lost(fmt::format("{} is damaged between byte {} and {}", name, at, at + frame.size()));
  }
  if (base::hex_encode(std::string_view(frame).substr(16, 8)) != end.sum)
    return lost(name + " is not the one that was written");
  return {};
}

Error LogMark::lost(std::string_view why) const {
  return fail(
      ErrorKind::io,
      "{0}: writes that were acknowledged are missing ({1}). Nothing was changed. Bring the file back, or what a "
      "backup holds: slipway restore FILE --force --data {2} - or remove {3} to go on with what is left",
      database_, why, database_.substr(0, database_.rfind('/')), path());
}

}  // namespace slipway::store
