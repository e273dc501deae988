// A sealed body is "slw1:" KEY-ID ":" NONCE CIPHERTEXT TAG. No JSON text begins so: a plain body is known by its brace.
#include "store/keyring.h"

#include "base/text.h"
#include "runtime/digest.h"
#include "runtime/sealing.h"
#include "value/json.h"

namespace slipway::store {

namespace {

constexpr std::string_view mark = "slw1:";
constexpr size_t id_size = 12;
constexpr size_t head_size = mark.size() + id_size + 1 + runtime::seal_nonce_bytes;
constexpr int format = 1;

std::string id_of(std::string_view bytes) {
  return base::hex_encode(runtime::sha256("slipway key id\n" + std::string(bytes))).substr(0, id_size);
}

}  // namespace

Result<Keyring> Keyring::read(std::string_view text) {
  auto file = value::parse_json(text, {.bytes_max = 1 << 20});
  if (!file || !(*file)["keys"].is_array()) return fail(ErrorKind::invalid, "no file of keys");
  if ((*file)["format"].as_int() > format) return fail(ErrorKind::invalid, "written by a newer Slipway");
  Keyring ring;
  for (const Value& entry : (*file)["keys"].items()) {
    auto bytes = base::base64_decode(entry["key"].str());
    Key key{entry["id"].str(), bytes ? *bytes : "", entry["created"].str()};
    if (key.bytes.size() != runtime::seal_key_bytes || key.id != id_of(key.bytes)) {
      return fail(ErrorKind::invalid, "key \"{}\" is damaged", key.id);
    }
    ring.keys_.push_back(std::move(key));
  }
  if (ring.keys_.empty()) return fail(ErrorKind::invalid, "no key stands in it");
  return ring;
}

std::string Keyring::text() const {
  ArrayBuilder keys;
  for (const Key& key : keys_) {
    keys.push(Value{{"id", key.id}, {"key", base::base64_encode(key.bytes)}, {"created", key.created}});
  }
  Value file{
      {"about", "Slipway's keys for Secrets on the disk. Without them no Secret can be read: keep a copy elsewhere."},
      {"format", format},
      {"keys", keys.build()}};
  return value::to_json_pretty(file) + "\n";
}

void Keyring::add(std::string bytes, WallTime now) {
  std::string id = id_of(bytes);
  keys_.insert(keys_.begin(), Key{std::move(id), std::move(bytes), base::format_rfc3339(now)});
}

void Keyring::forget_older() {
  if (keys_.size() > 1) keys_.erase(keys_.begin() + 1, keys_.end());
}

void Keyring::adopt(const Keyring& others) {
  for (const Key& key : others.keys_) {
    bool known = false;
    for (const Key& ours : keys_) known = known || ours.id == key.id;
    if (!known) keys_.push_back(key);
  }
}

Result<std::string> Keyring::seal(std::string_view nonce, std::string_view bound, std::string_view plain) const {
  SLIPWAY_CHECK(!keys_.empty());
  const Key& key = keys_.front();
  std::string sealed = OR_RETURN(runtime::seal(key.bytes, nonce, plain, bound));
  std::string out;
  out.reserve(head_size + sealed.size());
  out.append(mark).append(key.id).append(":").append(nonce).append(sealed);
  return out;
}

Result<std::string> Keyring::open(std::string_view bound, std::string_view sealed) const {
  std::string_view id = sealed_by(sealed);
  if (id.empty()) return fail(ErrorKind::invalid, "not sealed");
  for (const Key& key : keys_) {
    if (key.id != id) continue;
    std::string_view nonce = sealed.substr(head_size - runtime::seal_nonce_bytes, runtime::seal_nonce_bytes);
    return runtime::open_sealed(key.bytes, nonce, sealed.substr(head_size), bound);
  }
  return fail(ErrorKind::not_found, "sealed with key {}, which is not here", id);
}

std::string_view sealed_by(std::string_view body) {
  if (!body.starts_with(mark) || body.size() < head_size) return {};
  return body.substr(mark.size(), id_size);
}

std::string bound_to(const Key& key, Revision revision) {
  std::string out;
  for (std::string_view part : {std::string_view(key.resource), std::string_view(key.ns), std::string_view(key.name)}) {
    out.append(part);
    out += '\0';
  }
  return out + std::to_string(revision);
}

}  // namespace slipway::store
