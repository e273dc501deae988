#include "sources/archive.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace slipway::sources {

namespace {

constexpr size_t kBlock = 512;
constexpr int kMembersMax = 10'000;  // of gzip; bgzip makes one of each 64 KB

struct Entry {
  std::string name;
  char type = '0';
  std::string_view data;
};

// One pass over the blocks of a tar.
class TarReader {
 public:
  explicit TarReader(std::string_view text) : rest_(text) {}

  // False at the end.
  Result<bool> next(Entry& entry) {
    std::string long_name;
    for (;;) {
      if (rest_.empty()) return false;
      if (rest_.size() < kBlock) return fail(ErrorKind::invalid, "unexpected EOF");
      std::string_view head = rest_.substr(0, kBlock);
      if (head.find_first_not_of('\0') == head.npos) return false;
      if (!checksum_right(head)) return fail(ErrorKind::invalid, "archive/tar: invalid tar header");
      auto size = number(head.substr(124, 12));
      if (!size) return fail(ErrorKind::invalid, "archive/tar: invalid tar header");
      rest_.remove_prefix(kBlock);
      uint64_t padded = (*size + kBlock - 1) / kBlock * kBlock;
      if (*size > rest_.size()) return fail(ErrorKind::invalid, "unexpected EOF");
      std::string_view data = rest_.substr(0, *size);
      rest_.remove_prefix(std::min<uint64_t>(padded, rest_.size()));
      char type = head[156];
      if (type == 'x') {
        if (auto path = pax_path(data)) long_name = *path;
        continue;
      }
      if (type == 'g') continue;
      if (type == 'L') {
        long_name = text(data);
        continue;
      }
      if (type == 'K') continue;
      entry.name = long_name;
      if (entry.name.empty()) {
        entry.name = text(head.substr(0, 100));
        std::string prefix = head.substr(257, 5) == "ustar" && head[262] == '\0' ? text(head.substr(345, 155)) : "";
        if (!prefix.empty()) entry.name = prefix + "/" + entry.name;
      }
      entry.type = type;
      entry.data = data;
      return true;
    }
  }

 private:
  static std::string text(std::string_view field) { return std::string(field.substr(0, field.find('\0'))); }

  static std::optional<uint64_t> number(std::string_view field) {
    if (static_cast<unsigned char>(field[0]) & 0x80) {  // base 256
      uint64_t n = static_cast<unsigned char>(field[0]) & 0x7F;
      for (char c : field.substr(1)) {
        if (n >> 50) return std::nullopt;
        n = n << 8 | static_cast<unsigned char>(c);
      }
      return n;
    }
    uint64_t n = 0;
    for (char c : field) {
      if (c == '\0' || c == ' ') continue;
      if (c < '0' || c > '7') return std::nullopt;
      n = n * 8 + static_cast<uint64_t>(c - '0');
    }
    return n;
  }

  static bool checksum_right(std::string_view head) {
    auto said = number(head.substr(148, 8));
    uint64_t sum = 0;
    int64_t signed_sum = 0;
    for (size_t i = 0; i < kBlock; ++i) {
      char c = i >= 148 && i < 156 ? ' ' : head[i];
      sum += static_cast<unsigned char>(c);
      signed_sum += static_cast<signed char>(c);
    }
    return said && (*said == sum || static_cast<int64_t>(*said) == signed_sum);
  }

  // Records "LENGTH key=value\n".
  static std::optional<std::string> pax_path(std::string_view data) {
    std::optional<std::string> path;
    while (!data.empty()) {
      size_t blank = data.find(' ');
      if (blank == data.npos) break;
      auto length = base::parse_int(data.substr(0, blank));
      if (!length || *length <= static_cast<long long>(blank) || static_cast<size_t>(*length) > data.size()) break;
      std::string_view record = data.substr(blank + 1, static_cast<size_t>(*length) - blank - 1);
      if (record.starts_with("path=") && record.ends_with('\n')) path = record.substr(5, record.size() - 6);
      data.remove_prefix(static_cast<size_t>(*length));
    }
    return path;
  }

  std::string_view rest_;
};

// path.Clean of Go for a relative path.
std::string clean(std::string_view path) {
  std::vector<std::string> parts;
  for (std::string_view part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..")
      parts.pop_back();
    else
      parts.emplace_back(part);
  }
  return parts.empty() ? "." : base::join(parts, "/");
}

Result<std::string> name_within(const std::string& name) {
  char delimiter = name.find('\\') != name.npos ? '\\' : '/';
  size_t first = name.find(delimiter);
  std::string top = name.substr(0, first);
  std::string inner = first == name.npos ? "" : name.substr(first + 1);
  for (char& c : inner)
    if (c == delimiter) c = '/';
  if (inner.starts_with('/')) return fail(ErrorKind::invalid, "chart illegally contains absolute paths");
  inner = clean(inner);
  if (inner == ".") {
    return fail(ErrorKind::invalid, "chart illegally contains content outside the base directory: \"{}\"", name);
  }
  if (inner.starts_with("..")) return fail(ErrorKind::invalid, "chart illegally references parent directory");
  if (inner.size() > 2 && std::isalpha(static_cast<unsigned char>(inner[0])) && inner[1] == ':' && inner[2] == '/')
    return fail(ErrorKind::invalid, "chart contains illegally named files");
  if (top == "Chart.yaml") return fail(ErrorKind::invalid, "chart yaml not in base directory");
  return inner;
}

void put_octal(char* field, size_t width, uint64_t n) {
  for (size_t i = width - 1; i-- > 0; n >>= 3) field[i] = static_cast<char>('0' + (n & 7));
}

void append_header(std::string& out, const std::string& name, size_t size, int64_t modified, char type) {
  char head[kBlock] = {};
  std::string file = name, prefix;
  if (file.size() > 100) {
    size_t slash = file.find('/', file.size() - 101);
    if (slash != file.npos && slash <= 155) {
      prefix = file.substr(0, slash);
      file = file.substr(slash + 1);
    }
  }
  std::memcpy(head, file.data(), std::min<size_t>(file.size(), 100));
  put_octal(head + 100, 8, 0644);
  put_octal(head + 108, 8, 0);
  put_octal(head + 116, 8, 0);
  put_octal(head + 124, 12, size);
  put_octal(head + 136, 12, static_cast<uint64_t>(modified));
  std::memset(head + 148, ' ', 8);
  head[156] = type;
  std::memcpy(head + 257,
              "ustar\0"
              "00",
              8);
  std::memcpy(head + 345, prefix.data(), std::min<size_t>(prefix.size(), 155));
  uint64_t sum = 0;
  for (char c : head) sum += static_cast<unsigned char>(c);
  put_octal(head + 148, 7, sum);
  head[154] = '\0';
  out.append(head, kBlock);
}

void append_padded(std::string& out, std::string_view data) {
  out.append(data);
  out.append((kBlock - data.size() % kBlock) % kBlock, '\0');
}

}  // namespace

Result<std::vector<ArchiveFile>> read_archive(std::string_view bytes, const ArchiveLimits& limits,
                                              ArchiveBudget* budget) {
  // A tar's blocks come on top of the files.
  uint64_t bytes_max = limits.archive_bytes_max + limits.files_max * 2 * kBlock + (64 << 10);
  uint64_t left = budget ? budget->bytes_max - budget->bytes : bytes_max;
  auto text = gunzip(bytes, std::min(bytes_max, left));
  if (text.failed_with(ErrorKind::too_large) && left < bytes_max)
    return fail(ErrorKind::too_large, "the archives within the chart hold more than {} bytes together",
                budget->bytes_max);
  if (text.failed_with(ErrorKind::too_large))  // without what we allow for blocks
    return fail(ErrorKind::too_large, "decompressed chart is larger than the maximum file size {}",
                limits.archive_bytes_max);
  if (!text) return std::move(text).error();
  if (budget) budget->bytes += text->size();
  TarReader tar(*text);
  std::vector<ArchiveFile> files;
  uint64_t remaining = limits.archive_bytes_max;
  for (;;) {
    Entry entry;
    bool more = OR_RETURN(tar.next(entry));
    if (!more) break;
    if (entry.type == '5' || entry.name.ends_with('/')) continue;
    std::string name = OR_RETURN(name_within(entry.name));
    if (entry.data.size() >= remaining)
      return fail(ErrorKind::too_large, "decompressed chart is larger than the maximum file size {}",
                  limits.archive_bytes_max);
    if (entry.data.size() > limits.file_bytes_max)
      return fail(ErrorKind::too_large, "decompressed chart file \"{}\" is larger than the maximum file size {}",
                  entry.name, limits.file_bytes_max);
    if (files.size() >= limits.files_max)
      return fail(ErrorKind::too_large, "chart archive holds more than {} files", limits.files_max);
    if (budget && ++budget->files > budget->files_max)
      return fail(ErrorKind::too_large, "the archives within the chart hold more than {} files together",
                  budget->files_max);
    remaining -= entry.data.size();
    std::string_view data = entry.type == '0' || entry.type == '\0' ? entry.data : std::string_view();
    if (data.starts_with("\xEF\xBB\xBF")) data.remove_prefix(3);
    files.push_back({std::move(name), std::make_shared<const std::string>(data)});
  }
  if (files.empty()) return fail(ErrorKind::invalid, "no files in chart archive");
  return files;
}

std::string write_archive(const std::string& folder, const std::vector<ArchiveFile>& files, int64_t modified) {
  std::string tar;
  for (const ArchiveFile& file : files) {
    std::string name = folder + "/" + file.name;
    if (name.size() > 100 && (name.size() > 255 || name.find('/', name.size() - 101) == name.npos)) {
      std::string record = " path=" + name + "\n";
      size_t length = record.size() + 1;
      while (std::to_string(length).size() + record.size() != length) ++length;
      record = std::to_string(length) + record;
      append_header(tar, "PaxHeaders.0/long", record.size(), modified, 'x');
      append_padded(tar, record);
    }
    append_header(tar, name, file.data->size(), modified, '0');
    append_padded(tar, *file.data);
  }
  tar.append(2 * kBlock, '\0');
  // "Helm" as comment and its mark as extra field tell other tools that this is a chart.
  return gzip(tar, "Helm");
}

Result<std::string> gunzip(std::string_view bytes, uint64_t bytes_max) {
  if (!bytes.starts_with("\x1F\x8B")) return fail(ErrorKind::invalid, "gzip: invalid header");
  z_stream z{};
  if (inflateInit2(&z, 15 + 16) != Z_OK) return fail(ErrorKind::internal, "zlib does not start");
  struct End {
    z_stream& z;
    ~End() { inflateEnd(&z); }
  } end{z};
  std::string out, piece(64 << 10, '\0');
  int members = 1;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  for (;;) {
    z.next_out = reinterpret_cast<Bytef*>(piece.data());
    z.avail_out = static_cast<uInt>(piece.size());
    int code = inflate(&z, Z_NO_FLUSH);
    size_t more = piece.size() - z.avail_out;
    if (more > bytes_max - out.size())
      return fail(ErrorKind::too_large, "decompressed chart is larger than the maximum file size {}", bytes_max);
    out.append(piece, 0, more);
    if (code == Z_STREAM_END) {
      if (z.avail_in < 2 || z.next_in[0] != 0x1F || z.next_in[1] != 0x8B) return out;
      // each costs time, also when it holds nothing
      if (++members > kMembersMax)
        return fail(ErrorKind::invalid, "gzip: the chart archive has more than {} members", kMembersMax);
      inflateReset(&z);
      continue;
    }
    if (code == Z_BUF_ERROR || (code == Z_OK && z.avail_in == 0 && z.avail_out != 0))
      return fail(ErrorKind::invalid, "unexpected EOF");
    if (code != Z_OK) return fail(ErrorKind::invalid, "gzip: invalid data: {}", z.msg ? z.msg : "unknown");
  }
}

std::string gzip(std::string_view bytes, std::string_view comment) {
  z_stream z{};
  SLIPWAY_CHECK(deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string text(comment);
  gz_header head{};
  head.os = 255;
  if (!text.empty()) head.comment = reinterpret_cast<Bytef*>(text.data());
  deflateSetHeader(&z, &head);
  std::string out(deflateBound(&z, bytes.size()) + 64 + text.size(), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  SLIPWAY_CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - z.avail_out);
  deflateEnd(&z);
  return out;
}

}  // namespace slipway::sources
