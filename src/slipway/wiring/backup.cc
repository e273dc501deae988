// `slipway backup FILE`, `slipway restore FILE`, `slipway encryption rotate`.
#include "slipway/wiring/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apiserver/kubeconfig.h"
#include "base/text.h"
#include "cli/connection.h"
#include "cli/paths.h"
#include "cluster/remote/remote.h"
#include "runtime/files_real.h"
#include "runtime/system_error.h"
#include "slipway/wiring/commands.h"
#include "slipway/wiring/operations.h"
#include "slipway/wiring/options.h"
#include "slipway/wiring/running.h"
#include "value/json.h"

namespace slipway::wiring {

namespace {

// Slipway on this directory: running (then asked over its API), or not (then its locks are ours, and its store opened).
// Two processes in one database lose what was acknowledged, so it is taken as `up` takes it.
struct Server {
  std::unique_ptr<runtime::FileLock> lock;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<runtime::HttpClient> client;
};

Task<Result<Server>> reach(World& world, std::string data) {
  Server server;
  if (!world.files().exists(data + "/" + std::string(store::database_name))) {
    co_return fail(ErrorKind::not_found, "{}: no Slipway has run here; --data DIR names its directory", data);
  }
  auto lock = take_data_directory(world, data);
  if (lock) {
    server.lock = std::move(*lock);
    server.store =
        OR_CO_RETURN(co_await store::open_store(world, {.path = data + "/" + std::string(store::database_name),
                                                        .key_file = data + "/" + std::string(store::key_file_name)}));
    co_return server;
  }
  if (!lock.error().is(ErrorKind::conflict)) co_return lock.error();
  auto connection = OR_CO_RETURN(apiserver::read_kubeconfig(world, cli::kubeconfig_of(world, data)));
  server.client = cli::http_client(world, connection);
  co_return server;
}

Task<Result<runtime::ClientResponse>> ask(runtime::HttpClient* client, std::string method, std::string url) {
  runtime::ClientRequest request{.method = std::move(method), .url = std::move(url)};
  auto response = OR_CO_RETURN(co_await client->send(std::move(request)));
  if (response.status == 200) co_return response;
  auto text = OR_CO_RETURN(co_await response.body->read_all(1 << 20));
  auto status = value::parse_json(text);
  co_return cluster::error_of_status(status ? *status : Value(), response.status);
}

// The next piece of the backup, from whoever makes it; empty at the end.
Task<Result<std::string>> next_piece(runtime::Body* body, store::BackupWriter* writer) {
  if (body) co_return co_await body->read();
  co_return writer->next().value_or("");
}

Task<Result<>> write_backup(World& world, std::string data, runtime::File* file, bool with_keys) {
  Server server = OR_CO_RETURN(co_await reach(world, data));
  std::unique_ptr<runtime::Body> body;
  std::optional<store::BackupWriter> writer;
  if (server.client) {
    auto response = OR_CO_RETURN(
        co_await ask(server.client.get(), "GET", with_keys ? "/slipway/backup" : "/slipway/backup?keys=false"));
    body = std::move(response.body);
  } else {
    writer.emplace(OR_CO_RETURN(begin_backup(world, *server.store, data, with_keys)));
  }
  uint64_t at = 0;
  while (true) {
    std::string piece = OR_CO_RETURN(co_await next_piece(body.get(), writer ? &*writer : nullptr));
    if (piece.empty()) break;
    OR_CO_RETURN(file->write_at(at, piece));
    at += piece.size();
  }
  OR_CO_RETURN(file->sync());
  if (server.store) OR_CO_RETURN(co_await server.store->close());
  co_return Result<>();
}

// A backup on its way. It holds keys, and none of it shall stay when this process is killed: it has no name before it
// is whole. Where a file system has no such files it has a name that nobody can lay in wait at, where others may write
// too, and that another backup does not have.
struct Partial {
  std::unique_ptr<runtime::File> file;
  runtime::NamelessFile* nameless = nullptr;  // `file`, when it is one
  std::string name;

  static Result<Partial> open(World& world, const std::string& path, const std::string& directory) {
    Partial partial{.name = path + ".partial-" + base::hex_encode(world.random().bytes(8))};
    auto nameless = world.files().open_nameless(directory);
    if (nameless) {
      partial.nameless = nameless->get();
      partial.file = std::move(*nameless);
    } else if (nameless.error().is(ErrorKind::unsupported)) {
      partial.file = OR_RETURN(world.files().open(partial.name, runtime::OpenMode::create_new, 0600));
    } else {
      return nameless.error();
    }
    return partial;
  }
  std::string read_at() const { return nameless ? nameless->alias() : name; }
  // Puts it in the place of what is there.
  Result<> become(World& world, const std::string& path) {
    if (nameless) {
      auto named = nameless->name(path);
      if (!named.failed_with(ErrorKind::already_exists)) return named;
      OR_RETURN(nameless->name(name));
    }
    return world.files().rename(name, path);
  }
};

}  // namespace

// What is said to be a backup has been read as one first.
Task<Result<store::BackupFacts>> make_backup(World& world, std::string data, std::string path, bool with_keys) {
  auto stat = world.files().stat(path);
  if (stat && stat->kind != runtime::FileStat::Kind::file) {
    co_return fail(ErrorKind::bad_request, "{}: not a file; name the file to write", path);
  }
  if (path == data || path.starts_with(data + "/"))
    co_return fail(ErrorKind::bad_request,
                   "{}: inside the data directory, which it is to outlive; name a file elsewhere, at best on another "
                   "disk",
                   path);
  if (!world.files().exists(data + "/" + std::string(store::database_name)))
    co_return fail(ErrorKind::not_found, "{}: no Slipway has run here; --data DIR names its directory", data);
  std::string directory = path.substr(0, std::max<size_t>(path.rfind('/'), 1));
  Partial partial = OR_CO_RETURN(Partial::open(world, path, directory));
  auto written = co_await write_backup(world, data, partial.file.get(), with_keys);
  Result<store::BackupFacts> facts = written ? Result<store::BackupFacts>(store::BackupFacts()) : written.error();
  if (facts) {
    auto keys = store::Keyring::read(world.files().read(data + "/" + std::string(store::key_file_name)).value_or(""));
    facts = store::verify_backup(world, partial.read_at(), keys ? *keys : store::Keyring());
    if (!facts && partial.nameless)
      facts = Error(facts.error().kind(), base::replace_all(facts.error().str(), partial.read_at(), partial.name));
  }
  Result<> kept = facts ? partial.become(world, path) : Result<>();
  if (facts && !kept) facts = kept.error();
  if (facts) {
    kept = world.files().sync_directory(directory);
    if (!kept) facts = kept.error();
  } else {
    (void)world.files().remove(partial.name).has_value();  // the error is what counts
  }
  co_return facts;
}

namespace {

Task<int> backup(runtime::RealWorld& world, cli::Invocation said) {
  // Where links lead to: one into the data directory must not pass for a place outside of it.
  std::string data = cli::real_path(said.option("--data"));
  std::string path = cli::real_path(said.arguments[0]);
  bool with_keys = !said.has("--without-keys");
  auto facts = co_await make_backup(world, data, path, with_keys);
  if (!facts) co_return cli::report(facts.error());
  cli::print(fmt::format("{}: {} objects, as they were at {}\n", path, facts->objects, facts->taken));
  cli::complain(with_keys ? "It holds the keys of this cluster: keep it as secret as them.\n"
                          : fmt::format("Without keys: to restore it, {}/{} and {}/pki are needed as well.\n", data,
                                        store::key_file_name, data));
  co_return 0;
}

// What the shell passes on (`restore <(decrypt FILE)`, `cat FILE | restore /dev/stdin`) can be read once, and a restore
// reads twice, since it changes nothing before all of it was found whole: such a one is kept in the data directory
// meanwhile. Errors: io.
Result<> receive(World& world, const std::string& path, const std::string& into) {
  runtime::Fd from(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!from) return runtime::system_error(errno, "open " + path);
  (void)world.files().remove(into).has_value();  // of one that was interrupted
  auto file = OR_RETURN(world.files().open(into, runtime::OpenMode::create_new, 0600));
  std::string piece(256 << 10, '\0');
  for (uint64_t at = 0;;) {
    ssize_t got = ::read(from.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return runtime::system_error(errno, "read " + path);
    if (got == 0) return {};
    if (at == 0 && piece[0] != '{') return fail(ErrorKind::invalid, "{}: no backup of Slipway", path);
    OR_RETURN(file->write_at(at, std::string_view(piece.data(), static_cast<size_t>(got))));
    at += static_cast<uint64_t>(got);
  }
}

bool is_passed_on_pipe(const std::string& path) {
  bool passed_on = path == "/dev/stdin" || path.starts_with("/dev/fd/") || path.starts_with("/proc/self/fd/");
  struct stat st;
  return passed_on && ::stat(path.c_str(), &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

Result<store::Restored> restore_from(World& world, store::RestoreOptions options) {
  const std::string received = options.directory + "/" + std::string(store::restore_received_name);
  if (!is_passed_on_pipe(options.file)) return store::restore_backup(world, options);
  const std::string said = std::exchange(options.file, received);
  auto whole = receive(world, said, received);
  auto restored = whole ? store::restore_backup(world, options) : Result<store::Restored>(whole.error());
  (void)world.files().remove(received).has_value();  // keys lie in it
  if (restored) return restored;
  return Error(restored.error().kind(), base::replace_all(restored.error().str(), received, said));
}

Task<int> restore(runtime::RealWorld& world, cli::Invocation said) {
  store::RestoreOptions options{.file = cli::absolute_path(said.arguments[0]),
                                .directory = cli::absolute_path(said.option("--data")),
                                .force = said.has("--force")};
  auto told = world.steady_now();
  options.progress = [&world, &told](std::string_view doing, size_t objects) {
    if (world.steady_now() - told < 2s) return;
    told = world.steady_now();
    cli::complain(fmt::format("{}: {} objects\n", doing, objects));
  };
  std::string data = options.directory;
  bool made = !world.files().exists(data);
  auto lock = take_data_directory(world, data);
  if (!lock) {
    bool runs = lock.error().is(ErrorKind::conflict);
    co_return cli::report(lock.error(), runs
                                            ? "stop it first: slipway down --data " + data + ", or Ctrl-C where it runs"
                                            : std::string());
  }
  auto restored = restore_from(world, options);
  if (!restored) {
    if (made) (void)world.files().remove(data + "/lock").has_value();
    if (made) (void)world.files().remove(data).has_value();
    co_return cli::report(restored.error());
  }
  cli::print(fmt::format("{}: {} objects, as they were at {}\n", data, restored->facts.objects, restored->facts.taken));
  if (!restored->aside.empty()) cli::complain("What was there before lies in " + restored->aside + "\n");
  if (!restored->keys) cli::complain("The backup had no certificates: those of the directory stay.\n");
  co_return 0;
}

Task<Result<Value>> rotate_keys(World& world, std::string data) {
  Server server = OR_CO_RETURN(co_await reach(world, data));
  if (server.client) {
    auto response = OR_CO_RETURN(co_await ask(server.client.get(), "POST", "/slipway/encryption/rotate"));
    std::string text = OR_CO_RETURN(co_await response.body->read_all(1 << 20));
    co_return value::parse_json(text);
  }
  auto rotated = co_await server.store->rotate_keys();
  OR_CO_RETURN(co_await server.store->close());
  if (!rotated) co_return rotated.error();
  co_return Value{{"key", rotated->key}, {"objects", static_cast<int64_t>(rotated->objects)}};
}

Task<int> rotate(runtime::RealWorld& world, cli::Invocation said) {
  std::string data = cli::absolute_path(said.option("--data"));
  auto rotated = co_await rotate_keys(world, data);
  if (!rotated) co_return cli::report(rotated.error());
  cli::print(fmt::format("key {} seals now; Secrets sealed anew: {}\n", (*rotated)["key"].str(),
                         (*rotated)["objects"].as_int()));
  cli::complain(
      "Backups made before open with the key that is in them. Those made with --without-keys need the key that is "
      "gone now: make new ones.\n");
  co_return 0;
}

}  // namespace

cli::Command backup_command() {
  return {
      .words = "backup",
      .arguments = "FILE",
      .summary = "write everything that the cluster is into one file",
      .help =
          "Every object with its uid and resourceVersion, at one moment, the certificates, and the keys of Secrets. It "
          "works while Slipway runs.\n"
          "FILE appears whole or not at all (mode 0600), and has been read back. Not in it, since they are made again: "
          "images, logs,\n"
          "clones of repositories, and what containers wrote into volumes.\n\n"
          "  slipway backup /backup/slipway-$(date +%F)\n"
          "  slipway restore /backup/slipway-2026-11-21 --data /var/lib/slipway\n",
      .options = {data_option, {"--without-keys", "", "leave certificates and keys out: Secrets in FILE stay sealed"}},
      .arguments_min = 1,
      .arguments_max = 1,
      .run = backup};
}

cli::Command restore_command() {
  return {.words = "restore",
          .arguments = "FILE",
          .summary = "make a data directory of a backup",
          .help =
              "Writes what `slipway backup` kept into a data directory; `slipway up` then goes on from there, with the "
              "same "
              "objects, uids and\n"
              "resourceVersions, and gives none of them again. Slipway must not run on the directory. A damaged or "
              "newer FILE "
              "changes nothing.\n\n"
              "  slipway restore /backup/slipway-2026-11-21\n"
              "  unpack FILE | slipway restore /dev/stdin\n"
              "  slipway restore FILE --force     where a cluster is: its state is put aside as before-restore-TIME\n",
          .options = {data_option, {"--force", "", "put aside what the directory holds"}},
          .arguments_min = 1,
          .arguments_max = 1,
          .run = restore};
}

cli::Command encryption_rotate_command() {
  return {.words = "encryption rotate",
          .arguments = "",
          .summary = "seal all Secrets with a new key",
          .help =
              "Secrets stand in the database sealed (AES-256-GCM) with the key in DATA/encryption.keys. This makes a "
              "new key, "
              "seals every\n"
              "Secret anew with it and forgets the old one. It works while Slipway runs.\n",
          .options = {data_option},
          .run = rotate};
}

}  // namespace slipway::wiring
