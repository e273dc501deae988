// What an administrator does with a whole server: a backup, new keys for Secrets. The same work whether Slipway runs
// (then it does it, told over its API under /slipway/) or not (then the command does).
#pragma once

#include <functional>
#include <string>

#include "runtime/http.h"
#include "store/backup.h"
#include "store/store.h"

namespace slipway::wiring {

// The files of a data directory that a backup keeps: certificates, their keys, and the keys of Secrets. Blocking.
Result<std::vector<store::BackupFile>> files_to_keep(World& world, const std::string& data);
// A backup of a store as it is now; `with_keys`: with those files.
Result<store::BackupWriter> begin_backup(World& world, const store::Store& store, std::string data, bool with_keys);

// Serves GET /slipway/backup (?keys=false), POST /slipway/encryption/rotate and GET /slipway/state; who may ask was
// judged before.
class Operations {
 public:
  // `next` is asked for all other paths.
  Operations(World& world, std::string data, std::function<Task<bool>(runtime::Exchange&)> next)
      : world_(world), data_(std::move(data)), next_(std::move(next)) {}
  void set(store::Store& store) { store_ = &store; }
  std::function<Task<bool>(runtime::Exchange&)> handler();

 private:
  Task<bool> serve(runtime::Exchange& exchange);
  Task<Result<>> send_backup(runtime::Exchange& exchange);
  Task<Result<>> rotate(runtime::Exchange& exchange);
  Value state() const;

  World& world_;
  const std::string data_;
  const std::function<Task<bool>(runtime::Exchange&)> next_;
  store::Store* store_ = nullptr;
};

}  // namespace slipway::wiring
