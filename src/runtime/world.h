// World: time, chance, files, network and processes. Everything outside of memory comes from here, so that tests can
// replace it (sim/) and the whole program runs on fake time. The real one is in real_world.h.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace slipway::runtime {

class File {
 public:
  virtual ~File() = default;
  virtual Result<size_t> read_at(uint64_t offset, std::span<char> into) = 0;  // fewer at the end of the file
  virtual Result<> write_at(uint64_t offset, std::string_view bytes) = 0;
  virtual Result<> sync() = 0;  // data and size are on the disk when it returns
  virtual Result<> truncate(uint64_t size) = 0;
  virtual Result<uint64_t> size() = 0;
  virtual Result<uint64_t> inode() = 0;  // as FileStat has it
};

// A file without a name: it goes when it is closed, also when the process is killed, unless it was given one.
class NamelessFile : public File {
 public:
  virtual Result<> name(std::string path) = 0;  // already_exists: nothing is replaced
  virtual std::string alias() const = 0;        // a path by which this process can read it
};

enum class OpenMode { read, read_write, create, create_new };  // create: read_write, made when missing
struct FileStat {
  enum class Kind { file, directory, symlink, other } kind = Kind::file;
  uint64_t size = 0;
  uint32_t mode = 0;  // permission bits
  uint32_t uid = 0, gid = 0;
  uint64_t inode = 0;  // the same file of one file system under whatever name, as long as it is there or open
  WallTime modified;
};

// Told of changes under a directory or to a file, several at once count as one.
class PathWatch {
 public:
  virtual ~PathWatch() = default;
  virtual Task<Result<>> changed() = 0;
};

// Held while it lives; released by the system when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// Paths are absolute. Errors: not_found, already_exists, forbidden, io with the path and the system's word. The calls
// are synchronous: keep big ones off the loop with World::on_pool (watch() belongs to the loop's thread).
class Files {
 public:
  virtual ~Files() = default;
  virtual Result<std::unique_ptr<File>> open(std::string path, OpenMode mode, uint32_t permissions = 0600) = 0;
  // In a directory, mode 0600. Error: unsupported where the file system has no such files.
  virtual Result<std::unique_ptr<NamelessFile>> open_nameless(std::string directory) {
    return Error(ErrorKind::unsupported, directory + ": no files without a name");
  }
  virtual Result<std::string> read(std::string path, size_t limit = 64 << 20) = 0;
  // All or nothing, durable: temporary file, fsync, rename, fsync of the directory.
  virtual Result<> write_atomically(std::string path, std::string_view bytes, uint32_t permissions = 0600) = 0;
  virtual Result<> make_directories(std::string path, uint32_t permissions = 0755) = 0;
  virtual Result<> remove(std::string path) = 0;       // a file, a link or an empty directory
  virtual Result<> remove_tree(std::string path) = 0;  // never follows a link; nothing there is fine
  virtual Result<> rename(std::string from, std::string to) = 0;
  virtual Result<> symlink(std::string target, std::string path) = 0;
  virtual Result<std::string> read_link(std::string path) = 0;
  virtual Result<std::vector<std::string>> list(std::string path) = 0;  // names, sorted
  virtual Result<FileStat> stat(std::string path) = 0;                  // does not follow a link at the end
  virtual Result<> set_mode(std::string path, uint32_t permissions) = 0;
  virtual Result<> set_owner(std::string path, uint32_t uid, uint32_t gid) = 0;
  virtual Result<> sync_directory(std::string path) = 0;
  // Of a file, which is made, or of a directory. Error: conflict when somebody else holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(std::string path) = 0;
  virtual int lock_holder(std::string) { return 0; }  // the process that holds it; 0: none, or it cannot be told
  virtual Result<std::unique_ptr<PathWatch>> watch(std::vector<std::string> paths) = 0;
  bool exists(std::string path) { return stat(std::move(path)).has_value(); }
};

class Network {
 public:
  virtual ~Network() = default;
  virtual Task<Result<std::unique_ptr<Stream>>> connect(Address address) = 0;
  virtual Result<std::unique_ptr<Listener>> listen(Address address) = 0;
  virtual Result<std::unique_ptr<DatagramSocket>> bind_datagram(Address address) = 0;
};

struct Command {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH
  std::vector<std::string> env;   // "A=b", added to (or replacing in) this process's environment
  std::string directory;          // empty: ours
  bool clean_env = false;         // only `env`, PATH and HOME
  bool new_session = false;       // setsid: outlives us and our terminal
  std::string output_file;        // append stdout and stderr there instead of pipes
  uint32_t uid = ~0u, gid = ~0u;  // run as somebody else; ~0: unchanged

  // Of run() alone; 0: without a limit.
  Duration silence_max{0};    // it wrote nothing, and took nothing of its input, for so long
  Duration time_max{0};       // in all
  bool daemons_stay = false;  // what it left running when it ended is not killed
  // Told of a process that was killed and goes on all the same: it waits for a file system. It is reaped when it ends;
  // the question may be asked while the World lives.
  std::function<void(std::function<bool()> has_ended)> left;
};
struct ExitStatus {
  int code = 0;    // 0-255
  int signal = 0;  // when not 0, what ended it
  bool ok() const { return code == 0 && signal == 0; }
};
struct Finished {
  ExitStatus status;
  std::string out, err;
};
class Process {
 public:
  virtual ~Process() = default;  // closes the pipes; kills nothing
  virtual int pid() const = 0;
  virtual Stream& in() = 0;  // write here; null streams when output_file is set
  virtual Stream& out() = 0;
  virtual Stream& err() = 0;
  virtual Task<Result<ExitStatus>> wait() = 0;
  virtual void signal(int number) = 0;
};
class Processes {
 public:
  virtual ~Processes() = default;
  virtual Result<std::unique_ptr<Process>> start(Command command) = 0;
  // Feeds `input`, collects at most `output_max` bytes each of stdout and stderr (more: too_large, and it is killed),
  // waits for the end. Canceled, or at a limit of the command (timeout): the process is killed and reaped first, unless
  // not even that ends it; then it is left after two seconds. A non-zero exit is a Finished, not an error. It runs in a
  // session of its own: it cannot ask at our terminal, and is killed with all it started, also when we die.
  virtual Task<Result<Finished>> run(Command command, std::string input = {}, size_t output_max = 64 << 20) = 0;
  virtual Result<> send_signal(int pid, int number) = 0;
  virtual bool alive(int pid) = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;  // uniform; cryptographic in the real world
  virtual std::string bytes(size_t count) = 0;
  uint64_t below(uint64_t bound) { return bound ? next() % bound : 0; }
  std::string uuid();                // version 4
  std::string suffix(size_t count);  // of bcdfghjklmnpqrstvwxz2456789, as generateName and pod names use
};

enum class LogLevel { debug, info, warning, error };
// Lines for the operator; never secrets. `what` begins with the room: "node: pulling image nginx".
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view what) = 0;
};

class World {
 public:
  virtual ~World() = default;
  virtual Executor& executor() = 0;
  virtual WallTime now() = 0;
  SteadyTime steady_now() { return executor().steady_now(); }
  virtual Random& random() = 0;
  virtual Files& files() = 0;
  virtual Network& network() = 0;
  virtual Processes& processes() = 0;
  virtual Log& log() = 0;

  // Runs pure, heavy or blocking work on another thread (in simulation: at once) and gives its value back on the loop.
  // Waits for the end even when canceled, so `work` may borrow from the caller's frame.
  template <class F>
  auto on_pool(F work) -> Task<std::invoke_result_t<F>> {
    using R = std::invoke_result_t<F>;
    std::optional<R> out;
    auto shot = OneShot<void>::create();
    Executor& loop = executor();
    pool_post([&work, &out, shot, &loop] {
      out.emplace(work());
      loop.post([shot] { shot->resolve({}); });
    });
    auto done = co_await shot->wait_always();
    SLIPWAY_CHECK(done.has_value());
    co_return std::move(*out);
  }

 protected:
  virtual void pool_post(std::move_only_function<void()> work) = 0;
};

}  // namespace slipway::runtime

namespace slipway {
using runtime::World;
}
