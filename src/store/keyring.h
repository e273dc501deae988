// Keyring: the keys that Secrets are sealed with on the disk (AES-256-GCM). They stand in a file of their own, beside
// the database or elsewhere: who has only one of the two reads nothing. The first key seals, all of them open.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/world.h"
#include "store/store.h"

namespace slipway::store {

class Keyring {
 public:
  struct Key {
    std::string id;       // follows from the key: another key has another one
    std::string bytes;    // 32; never shown
    std::string created;  // RFC 3339
  };
  // The text of a key file. Error: invalid, saying what is wrong and never what stands there.
  static Result<Keyring> read(std::string_view text);
  std::string text() const;

  bool empty() const { return keys_.empty(); }
  const std::vector<Key>& keys() const { return keys_; }
  std::string current() const { return keys_.empty() ? "" : keys_.front().id; }
  void add(std::string bytes, WallTime now);  // becomes the current one
  void forget_older();
  void adopt(const Keyring& others);  // behind ours, for opening

  // What stands on the disk for a row, by the current key. `nonce`: 12 bytes of chance.
  Result<std::string> seal(std::string_view nonce, std::string_view bound, std::string_view plain) const;
  // Errors: not_found (the key is not here), invalid (the seal does not hold).
  Result<std::string> open(std::string_view bound, std::string_view sealed) const;

 private:
  std::vector<Key> keys_;
};

// Whether this object goes sealed to the disk.
inline bool must_be_sealed(const Key& key) {
  return key.resource == "secrets";
}
// The id of the key that sealed this body; empty when it is not sealed.
std::string_view sealed_by(std::string_view body);
// What a seal is bound to: it holds for no other object and no other revision.
std::string bound_to(const Key& key, Revision revision);

}  // namespace slipway::store
