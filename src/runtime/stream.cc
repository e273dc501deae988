#include "runtime/stream.h"

#include "base/text.h"

namespace slipway::runtime {

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    std::string_view path = text.substr(5);
    if (path.starts_with("///")) path.remove_prefix(2);  // "unix:///run/x.sock", as containerd's users write it
    if (path.empty() || (path[0] != '/' && path[0] != '@'))
      return fail(ErrorKind::invalid, "address \"{}\": expected unix:/path or unix:@name", text);
    return unix_socket(std::string(path));
  }
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return fail(ErrorKind::invalid, "address \"{}\": expected HOST:PORT, as in 127.0.0.1:6443", text);
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return fail(ErrorKind::invalid, "address \"{}\": an IPv6 address stands in brackets, as in [::1]:6443", text);
  if (host.empty()) return fail(ErrorKind::invalid, "address \"{}\": no host; 0.0.0.0 means every one", text);
  auto port = base::parse_int(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535)
    return fail(ErrorKind::invalid, "address \"{}\": expected a port from 0 to 65535 after the last colon", text);
  return Address{std::string(host), static_cast<uint16_t>(*port), {}};
}

std::string Address::str() const {
  if (!unix_path.empty()) return "unix:" + unix_path;
  if (host.find(':') != std::string::npos) return fmt::format("[{}]:{}", host, port);
  return fmt::format("{}:{}", host, port);
}

Task<Result<std::string>> read_to_end(Stream& stream, size_t limit) {
  std::string out;
  std::string buffer(64 << 10, '\0');
  while (true) {
    size_t n = OR_CO_RETURN(co_await stream.read(buffer));
    if (n == 0) co_return out;
    if (n > limit - out.size()) co_return fail(ErrorKind::too_large, "more than {} bytes", limit);
    out.append(buffer, 0, n);
  }
}

namespace {

// A failure ends the other direction too: its scope is the group's.
Task<void> copy(Stream* from, Stream* to, TaskGroup* both, Result<>* outcome) {
  std::string buffer(64 << 10, '\0');
  Result<> failed;
  while (failed) {
    auto n = co_await from->read(buffer);
    if (!n) {
      failed = std::move(n).error();
    } else if (*n == 0) {
      failed = co_await to->shutdown_write();
      if (failed) co_return;
    } else {
      failed = co_await to->write(std::string_view(buffer).substr(0, *n));
    }
  }
  if (*outcome) *outcome = std::move(failed);
  both->cancel();
}

}  // namespace

Task<Result<>> relay(Stream& a, Stream& b) {
  Scope& scope = co_await current_scope();
  TaskGroup both(scope);
  Result<> outcome;
  both.spawn(copy(&a, &b, &both, &outcome));
  both.spawn(copy(&b, &a, &both, &outcome));
  co_await both.join();
  a.close();
  b.close();
  co_return outcome;
}

}  // namespace slipway::runtime
