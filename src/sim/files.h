// Files in memory that forget as a disk does. What was written but not synced may be lost, kept in part or torn when
// the power goes; names (created, renamed, removed) come back as some moment after the last sync_directory saw them.
//
// What is modelled, and what a real system keeps too:
// - File::sync makes the file's data and size durable, not its name. A name is durable once its directory was synced.
// - Changes of names are one journal, as on ext4, xfs and btrfs: after a crash some beginning of it is there. Syncing a
//   directory keeps the journal up to the last change in that directory and on the way to it.
// - Writes to one file since its last sync may be dropped, kept or torn at 512 bytes, each by itself, in any order.
// - After a sync that failed (EIO), the system may have thrown the data away although reads still show it.
// - Modes, owners and times are durable at once.
#pragma once

#include <memory>
#include <optional>

#include "sim/fate.h"

namespace slipway::sim {

struct DiskFaults {
  bool full = false;                       // ENOSPC for everything that needs room; may write a part of the bytes
  bool read_only = false;                  // EROFS
  uint64_t capacity_bytes = ~uint64_t{0};  // ENOSPC past it (bytes in files)
  double read_error = 0, write_error = 0, sync_error = 0;  // chance of EIO for each call
  Duration latency{}, sync_latency{};                      // what a call takes; see SimWorld on how time passes
  // Looked at before the chances: an error to give for this step ("write", "sync", "rename", ...) and path.
  std::function<std::optional<Error>(std::string_view what, std::string_view path)> decide;
};

class SimFiles : public runtime::Files {
 public:
  // `spend` passes the time that a call takes.
  static std::unique_ptr<SimFiles> create(Fate& fate, std::function<WallTime()> now,
                                          std::function<void(Duration)> spend);
  DiskFaults faults;
  virtual void crash(Loss loss) = 0;  // what is open is dead from here on; locks are released
  virtual uint64_t bytes_used() const = 0;
  // Flips one bit of a file's content, durable too: for tests of checksums.
  virtual Result<> damage(std::string path, uint64_t offset) = 0;
  // What a power loss could leave at worst: only what is durable now.
  virtual Result<std::string> read_durable(std::string path) = 0;
};

}  // namespace slipway::sim
