#include "slipway/wiring/operations.h"

#include "apiserver/answer.h"
#include "base/text.h"
#include "store/keyring.h"

namespace slipway::wiring {

Result<std::vector<store::BackupFile>> files_to_keep(World& world, const std::string& data) {
  std::vector<std::string> names;
  for (const std::string& name : OR_RETURN(world.files().list(data + "/pki"))) names.push_back("pki/" + name);
  names.emplace_back(store::key_file_name);
  std::vector<store::BackupFile> kept;
  for (const std::string& name : names) {
    auto stat = OR_RETURN(world.files().stat(data + "/" + name));
    if (stat.kind != runtime::FileStat::Kind::file) continue;
    kept.push_back({name, stat.mode, OR_RETURN(world.files().read(data + "/" + name, 1 << 20))});
  }
  return kept;
}

Result<store::BackupWriter> begin_backup(World& world, const store::Store& store, std::string data, bool with_keys) {
  std::vector<store::BackupFile> files = OR_RETURN(files_to_keep(world, data));
  store::Keyring keys = OR_RETURN(store::Keyring::read(files.back().content));
  if (!with_keys) files.clear();
  return store::BackupWriter(world, store.snapshot(), std::move(files), std::move(keys));
}

std::function<Task<bool>(runtime::Exchange&)> Operations::handler() {
  return [this](runtime::Exchange& exchange) { return serve(exchange); };
}

Task<bool> Operations::serve(runtime::Exchange& exchange) {
  std::string path = exchange.request().path();
  if (!path.starts_with("/slipway/")) co_return co_await next_(exchange);
  Result<> done;
  if (!store_) {
    done = co_await apiserver::answer_error(exchange, fail(ErrorKind::unavailable, "still starting"));
  } else if (path == "/slipway/backup" && exchange.request().method == "GET") {
    done = co_await send_backup(exchange);
  } else if (path == "/slipway/encryption/rotate" && exchange.request().method == "POST") {
    done = co_await rotate(exchange);
  } else if (path == "/slipway/state" && exchange.request().method == "GET") {
    done = co_await apiserver::answer_value(exchange, 200, state());
  } else {
    done = co_await apiserver::answer_error(
        exchange, fail(ErrorKind::not_found, "there is no {} {}", exchange.request().method, path));
  }
  (void)done.has_value();  // a client that went away hears nothing
  co_return true;
}

Task<Result<>> Operations::send_backup(runtime::Exchange& exchange) {
  auto writer = begin_backup(world_, *store_, data_, exchange.request().query("keys") != "false");
  if (!writer) co_return co_await apiserver::answer_error(exchange, writer.error());
  runtime::Headers headers;
  headers.add("Content-Type", "application/x-ndjson");
  OR_CO_RETURN(co_await exchange.start(200, std::move(headers)));
  while (true) {
    store::BackupWriter* raw = &*writer;
    auto piece = co_await world_.on_pool([raw] { return raw->next(); });
    if (!piece) break;
    OR_CO_RETURN(co_await exchange.write(std::move(*piece)));
  }
  co_return co_await exchange.finish();
}

// What no object can say, because it could not be written.
Value Operations::state() const {
  const store::WriteFailure* failure = store_->write_failure();
  if (!failure) return Value::object();
  Value told{{"time", base::format_rfc3339(failure->when)}, {"message", failure->error.str()}, {"directory", data_}};
  return Value{{"writeFailure", told}};
}

Task<Result<>> Operations::rotate(runtime::Exchange& exchange) {
  auto rotated = co_await store_->rotate_keys();
  if (!rotated) co_return co_await apiserver::answer_error(exchange, rotated.error());
  co_return co_await apiserver::answer_value(
      exchange, 200, Value{{"key", rotated->key}, {"objects", static_cast<int64_t>(rotated->objects)}});
}

}  // namespace slipway::wiring
