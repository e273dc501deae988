#include "store/backup.h"

#include <algorithm>

#include "base/text.h"
#include "runtime/digest.h"
#include "runtime/sealing.h"
#include "value/json.h"

namespace slipway::store {

namespace {

constexpr int format = 1;
constexpr size_t piece_bytes = 256 << 10;
constexpr size_t head_bytes_max = 4096;
// Of an object as JSON. A request may carry 3 MB, which defaults and escapes make some ten times as long, and patches
// may add to it: no backup that was written shall be too long to be read.
constexpr size_t line_bytes_max = 256 << 20;

}  // namespace

BackupWriter::BackupWriter(World& world, Snapshot snapshot, std::vector<BackupFile> files, Keyring keys)
    : world_(world), snapshot_(std::move(snapshot)), files_(std::move(files)), keys_(std::move(keys)) {}

void BackupWriter::add(std::string line) {
  line += '\n';
  digest_ = runtime::sha256(digest_ + line);
  piece_ += line;
}

std::optional<std::string> BackupWriter::next() {
  if (ended_) return std::nullopt;
  if (!std::exchange(begun_, true)) {
    add(value::to_json(Value{{"slipway", "backup"},
                             {"format", format},
                             {"taken", base::format_rfc3339(world_.now())},
                             {"given", static_cast<int64_t>(snapshot_.given)}}));
  }
  for (; at_file_ < files_.size(); ++at_file_) {
    const BackupFile& file = files_[at_file_];
    add(value::to_json(Value{{"file", file.name},
                             {"mode", static_cast<int64_t>(file.mode)},
                             {"content", base::base64_encode(file.content)}}));
  }
  for (; at_object_ < snapshot_.objects.size() && piece_.size() < piece_bytes; ++at_object_) {
    const StoredObject& stored = snapshot_.objects[at_object_];
    ObjectBuilder line;
    line.set("resource", stored.key.resource)
        .set("namespace", stored.key.ns)
        .set("name", stored.key.name)
        .set("revision", static_cast<int64_t>(stored.revision));
    if (stored.ring) line.set("ring", true);
    if (must_be_sealed(stored.key) && !keys_.empty()) {
      auto sealed = keys_.seal(world_.random().bytes(runtime::seal_nonce_bytes), bound_to(stored.key, stored.revision),
                               value::to_json(stored.object));
      SLIPWAY_CHECK(sealed.has_value());
      line.set("sealed", base::base64_encode(*sealed));
    } else {
      line.set("object", stored.object);
    }
    add(value::to_json(line.build()));
  }
  if (at_object_ == snapshot_.objects.size()) {
    ended_ = true;
    Value counts{{"files", static_cast<int64_t>(files_.size())},
                 {"objects", static_cast<int64_t>(snapshot_.objects.size())}};
    piece_ += value::to_json(Value{{"end", counts}, {"digest", base::hex_encode(digest_)}}) + "\n";
  }
  return std::exchange(piece_, {});
}

Result<BackupReader> BackupReader::open(World& world, std::string path) {
  BackupReader reader;
  reader.path_ = path;
  reader.file_ = OR_RETURN(world.files().open(path, runtime::OpenMode::read));
  auto first = reader.line(head_bytes_max);
  auto head = first ? value::parse_json(*first) : Result<Value>(first.error());
  if (!head || (*head)["slipway"].str() != "backup") {
    if (first.failed_with(ErrorKind::io)) return first.error();
    return fail(ErrorKind::invalid, "{}: no backup of Slipway (slipway backup FILE makes one)", path);
  }
  if ((*head)["format"].as_int() > format) {
    return fail(ErrorKind::invalid, "{}: written by a newer Slipway (format {}, this one reads up to {}); use that one",
                path, (*head)["format"].as_int(), format);
  }
  reader.facts_.taken = (*head)["taken"].str();
  reader.facts_.given = static_cast<Revision>((*head)["given"].as_int());
  reader.digest_ = runtime::sha256(*first + "\n");
  return reader;
}

// A line is one object of JSON without control characters: what is something else, a hole of zeros or a film, is
// refused where that shows, and not read to its end in the hope of a line break.
Result<std::string> BackupReader::line(size_t bytes_max) {
  ++line_;
  ahead_.erase(0, std::exchange(begin_, 0));
  size_t seen = 0;
  while (true) {
    auto stop = std::find_if(ahead_.begin() + static_cast<ptrdiff_t>(seen), ahead_.end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    seen = static_cast<size_t>(stop - ahead_.begin());
    if (!ahead_.empty() && ahead_[0] != '{') return damaged("not a line of a backup");
    if (seen > bytes_max) return damaged("a line without an end");
    if (stop != ahead_.end()) {
      if (*stop != '\n') return damaged("not a line of a backup");
      begin_ = seen + 1;
      return ahead_.substr(0, seen);
    }
    std::string more(piece_bytes, '\0');
    size_t got = OR_RETURN(file_->read_at(offset_, more));
    if (got == 0) return damaged("it is cut off here");
    offset_ += got;
    ahead_.append(more, 0, got);
  }
}

Result<std::optional<BackupReader::Item>> BackupReader::next() {
  std::string text = OR_RETURN(line(line_bytes_max));
  auto read = value::parse_json(text, {.bytes_max = line_bytes_max});
  if (!read) return damaged("not understood");
  const Value& v = *read;
  if (v.has("end")) {
    if (v["digest"].str() != base::hex_encode(digest_)) return damaged("the digest does not fit what stands above");
    if (static_cast<size_t>(v["end"]["objects"].as_int()) != facts_.objects ||
        static_cast<size_t>(v["end"]["files"].as_int()) != facts_.files)
      return damaged("something is missing");
    std::string more(1, '\0');
    if (begin_ < ahead_.size() || OR_RETURN(file_->read_at(offset_, more)) > 0)
      return damaged("it goes on behind its end");
    return std::optional<Item>();
  }
  digest_ = runtime::sha256(digest_ + text + "\n");
  if (v.has("file")) {
    auto content = base::base64_decode(v["content"].str());
    std::string name = v["file"].str();
    bool inside = !name.empty() && name[0] != '/' && ("/" + name + "/").find("/../") == std::string::npos;
    if (!content || !inside) return damaged("a file that is none");
    ++facts_.files;
    return std::optional<Item>(
        BackupFile{std::move(name), static_cast<uint32_t>(v["mode"].as_int()) & 0777, std::move(*content)});
  }
  Object object;
  object.stored.key = {v["resource"].str(), v["namespace"].str(), v["name"].str()};
  object.stored.revision = static_cast<Revision>(v["revision"].as_int());
  object.stored.ring = v["ring"].as_bool(false);
  object.stored.object = v["object"];
  if (v.has("sealed")) {
    auto sealed = base::base64_decode(v["sealed"].str());
    if (!sealed || sealed_by(*sealed).empty()) return damaged("a seal that is none");
    object.sealed = std::move(*sealed);
  }
  if (object.stored.key.resource.empty() || object.stored.key.name.empty() || object.stored.revision == 0 ||
      object.stored.revision > facts_.given || (object.sealed.empty() && !object.stored.object.is_object()))
    return damaged("an object that is none");
  ++facts_.objects;
  return std::optional<Item>(std::move(object));
}

Error BackupReader::damaged(std::string_view what) const {
  return fail(ErrorKind::invalid, "{}: line {}: the backup is damaged ({}); take another one", path_, line_, what);
}

}  // namespace slipway::store
