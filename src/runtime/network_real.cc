// Sockets: try the call, and wait for readiness only when it would block. So what is ready costs one system call and no
// turn through the loop. The coroutines hold the Descriptor, not the Stream: a stream that is dropped while one waits
// ends that wait with canceled.
#include "runtime/network_real.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <mutex>

#include "base/text.h"
#include "runtime/host_names.h"
#include "runtime/system_error.h"
#include "runtime/thread_pool.h"

namespace slipway::runtime {
namespace {

using Held = std::shared_ptr<Descriptor>;

Error canceled() {
  return Error(ErrorKind::canceled, "canceled");
}

// Each operation begins here, so that a canceled task ends although its sockets are always ready, and gives way now
// and then.
Task<Result<>> begin(Held d) {
  Scope& scope = co_await current_scope();
  if (scope.canceled() || d->closed()) co_return canceled();
  if (d->should_yield()) OR_CO_RETURN(co_await yield_now());
  co_return Result<>();
}

Task<Result<size_t>> read_some(Held d, std::span<char> into, std::string peer) {
  Scope& scope = co_await current_scope();
  if (scope.canceled() || d->closed()) co_return canceled();
  if (d->should_yield()) OR_CO_RETURN(co_await yield_now());
  while (!d->closed()) {
    if (!d->is_drained()) {
      ssize_t n = ::read(d->fd(), into.data(), into.size());
      if (n > 0 && static_cast<size_t>(n) < into.size()) d->read_less();
      if (n >= 0) co_return static_cast<size_t>(n);
      if (errno == EINTR) continue;
      if (errno != EAGAIN) co_return system_error(errno, peer.empty() ? "read" : "read from " + peer);
    }
    OR_CO_RETURN(co_await d->readable());
  }
  co_return canceled();
}

Task<Result<>> write_whole(Held d, std::string_view bytes, std::string peer) {
  Scope& scope = co_await current_scope();
  if (scope.canceled() || d->closed()) co_return canceled();
  if (d->should_yield()) OR_CO_RETURN(co_await yield_now());
  while (!bytes.empty()) {
    if (d->closed()) co_return canceled();
    ssize_t n = ::write(d->fd(), bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      OR_CO_RETURN(co_await d->writable());
    } else if (errno != EINTR) {
      co_return system_error(errno, peer.empty() ? "write" : "write to " + peer);
    }
  }
  co_return Result<>();
}

Task<Result<>> end_writing(Held d) {
  if (d->closed()) co_return canceled();
  if (::shutdown(d->fd(), SHUT_WR) == 0) co_return Result<>();
  if (errno == ENOTSOCK)
    d->close();
  else if (errno != ENOTCONN)
    co_return system_error(errno, "shut down");
  co_return Result<>();
}

class RealStream final : public Stream {
 public:
  RealStream(Held d, std::string peer) : descriptor_(std::move(d)), peer_(std::move(peer)) {}
  ~RealStream() override { descriptor_->close(); }
  Task<Result<size_t>> read(std::span<char> into) override { return read_some(descriptor_, into, peer_); }
  Task<Result<>> write(std::string_view bytes) override { return write_whole(descriptor_, bytes, peer_); }
  Task<Result<>> shutdown_write() override { return end_writing(descriptor_); }
  void close() override { descriptor_->close(); }
  std::string peer() const override { return peer_; }

 private:
  Held descriptor_;
  std::string peer_;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

Result<SocketAddress> unix_address(const std::string& path) {
  SocketAddress out;
  auto* un = reinterpret_cast<sockaddr_un*>(&out.storage);
  un->sun_family = AF_UNIX;
  if (path.size() >= sizeof un->sun_path)
    return fail(ErrorKind::invalid, "unix:{}: a socket's path has at most {} bytes, this one {}", path,
                sizeof un->sun_path - 1, path.size());
  std::memcpy(un->sun_path, path.data(), path.size());
  bool abstract = path.starts_with('@');
  if (abstract) un->sun_path[0] = '\0';
  out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  return out;
}

// "127.0.0.1", "::1", "fe80::1%eth0"; empty when it is a name.
std::optional<SocketAddress> numeric_address(const Address& address) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return {};
  SocketAddress out;
  std::memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
  out.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return out;
}

Address to_address(const SocketAddress& from) {
  if (from.family() == AF_UNIX) {
    auto* un = reinterpret_cast<const sockaddr_un*>(&from.storage);
    size_t length = from.size > offsetof(sockaddr_un, sun_path) ? from.size - offsetof(sockaddr_un, sun_path) : 0;
    std::string path(un->sun_path, length);
    if (!path.empty() && path[0] == '\0')
      path[0] = '@';
    else
      path.resize(std::strlen(path.c_str()));
    return Address::unix_socket(path);
  }
  char host[NI_MAXHOST], port[NI_MAXSERV];
  if (::getnameinfo(from.get(), from.size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {};
  return {host, static_cast<uint16_t>(base::parse_int(port).value_or(0)), {}};
}

Address local_address(int fd) {
  SocketAddress out;
  out.size = sizeof out.storage;
  if (::getsockname(fd, out.get(), &out.size) < 0) return {};
  return to_address(out);
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

void prepare_stream_socket(int fd, int family) {
  if (family == AF_UNIX) return;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // a peer that vanished without a word is noticed after two minutes, also on a watch that has nothing to send
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

class RealListener final : public Listener {
 public:
  RealListener(Loop& loop, Held d, Address local, ino_t inode)
      : loop_(loop), descriptor_(std::move(d)), local_(std::move(local)), inode_(inode) {}
  ~RealListener() override { close(); }
  Task<Result<std::unique_ptr<Stream>>> accept() override { return accept_one(&loop_, descriptor_); }
  Address local() const override { return local_; }
  void close() override {
    if (descriptor_->closed()) return;
    descriptor_->close();
    // the socket's file goes too, unless another process has put its own there
    struct stat st;
    if (inode_ && ::lstat(local_.unix_path.c_str(), &st) == 0 && st.st_ino == inode_)
      ::unlink(local_.unix_path.c_str());
  }

 private:
  static Task<Result<std::unique_ptr<Stream>>> accept_one(Loop* loop, Held d) {
    auto begun = co_await begin(d);
    if (!begun) co_return std::move(begun).error();
    while (!d->closed()) {
      SocketAddress peer;
      peer.size = sizeof peer.storage;
      Fd fd(::accept4(d->fd(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd) {
        prepare_stream_socket(fd.get(), peer.family());
        std::string name = peer.family() == AF_UNIX ? "unix" : to_address(peer).str();
        Held accepted = OR_CO_RETURN(loop->watch(std::move(fd)));
        co_return create_stream(std::move(accepted), std::move(name));
      }
      switch (errno) {
        case EAGAIN:
          OR_CO_RETURN(co_await d->readable());
          break;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
          // the connection waits in the kernel until something of ours is closed
          OR_CO_RETURN(co_await sleep(50ms));
          break;
        case EBADF:
        case EINVAL:
        case ENOTSOCK:
          co_return system_error(errno, "accept");
        default:  // what went wrong concerns that one connection, which is gone
          break;
      }
    }
    co_return canceled();
  }
  Loop& loop_;
  Held descriptor_;
  Address local_;
  ino_t inode_;
};

class RealDatagramSocket final : public DatagramSocket {
 public:
  RealDatagramSocket(Held d, Address local, int family)
      : descriptor_(std::move(d)), local_(std::move(local)), family_(family) {}
  ~RealDatagramSocket() override { descriptor_->close(); }
  Task<Result<Datagram>> receive() override { return receive_one(descriptor_); }
  Task<Result<>> send(Datagram datagram) override { return send_one(descriptor_, std::move(datagram), family_); }
  Address local() const override { return local_; }
  void close() override { descriptor_->close(); }

 private:
  static Task<Result<Datagram>> receive_one(Held d) {
    auto begun = co_await begin(d);
    if (!begun) co_return std::move(begun).error();
    while (!d->closed()) {
      // one buffer for all sockets of this thread: most datagrams are small
      constexpr size_t kBytesMax = 64 << 10;
      static thread_local std::unique_ptr<char[]>
          buffer;  // not in place: each thread's memory is cleared when it starts
      if (!buffer) buffer = std::make_unique_for_overwrite<char[]>(kBytesMax);
      SocketAddress peer;
      peer.size = sizeof peer.storage;
      ssize_t n = ::recvfrom(d->fd(), buffer.get(), kBytesMax, 0, peer.get(), &peer.size);
      if (n >= 0) co_return Datagram{std::string(buffer.get(), static_cast<size_t>(n)), to_address(peer)};
      if (errno == EAGAIN) {
        OR_CO_RETURN(co_await d->readable());
      } else if (errno != EINTR && errno != ECONNREFUSED) {  // refused: an earlier send, not this receive
        co_return system_error(errno, "receive");
      }
    }
    co_return canceled();
  }
  static Task<Result<>> send_one(Held d, Datagram datagram, int family) {
    auto begun = co_await begin(d);
    if (!begun) co_return std::move(begun).error();
    auto to = numeric_address(datagram.peer);
    if (!to)
      co_return fail(ErrorKind::invalid, "send to {}: a datagram goes to an IP address, not to a name",
                     datagram.peer.str());
    if (to->family() != family)
      co_return fail(ErrorKind::invalid, "send to {}: the socket is of the other IP version", datagram.peer.str());
    while (!d->closed()) {
      ssize_t n = ::sendto(d->fd(), datagram.bytes.data(), datagram.bytes.size(), 0, to->get(), to->size);
      if (n >= 0) co_return Result<>();
      if (errno == EAGAIN) {
        OR_CO_RETURN(co_await d->writable());
      } else if (errno != EINTR && errno != ECONNREFUSED) {
        co_return system_error(errno, "send to " + datagram.peer.str());
      }
    }
    co_return canceled();
  }
  Held descriptor_;
  Address local_;
  int family_;
};

class RealNetwork final : public Network {
 public:
  explicit RealNetwork(Loop& loop) : loop_(loop), mailbox_(std::make_shared<Mailbox>()) { mailbox_->loop = &loop; }
  ~RealNetwork() override {
    std::lock_guard lock(mailbox_->mutex);
    mailbox_->loop = nullptr;
  }

  Task<Result<std::unique_ptr<Stream>>> connect(Address address) override {
    std::string name = address.str();
    std::vector<SocketAddress> targets;
    if (!address.unix_path.empty()) {
      targets.push_back(OR_CO_RETURN(unix_address(address.unix_path)));
    } else if (auto numeric = numeric_address(address)) {
      targets.push_back(*numeric);
    } else {
      targets = OR_CO_RETURN(co_await resolve(address));
    }
    Error last(ErrorKind::unavailable, fmt::format("connect to {}: no address", name));
    for (size_t i = 0; i < targets.size(); ++i) {
      // an address that swallows everything must not hide the next one
      bool more = i + 1 < targets.size();
      auto attempt = connect_one(&loop_, targets[i], name);
      if (more) attempt = with_timeout(3s, std::move(attempt));
      auto connected = co_await attempt;
      if (connected || connected.failed_with(ErrorKind::canceled)) co_return connected;
      last = std::move(connected).error();
    }
    co_return last;
  }

  Result<std::unique_ptr<Listener>> listen(Address address) override {
    std::string name = address.str();
    bool is_unix = !address.unix_path.empty();
    SocketAddress at = OR_RETURN(listening_address(address));
    Fd fd(::socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return system_error(errno, "listen on " + name);
    if (!is_unix) set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (at.family() == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (::bind(fd.get(), at.get(), at.size) < 0) {
      int number = errno;
      bool file = is_unix && address.unix_path[0] != '@';
      if (number != EADDRINUSE || !file || !remove_stale_socket(at, address.unix_path) ||
          ::bind(fd.get(), at.get(), at.size) < 0)
        return system_error(number, "listen on " + name);
    }
    if (::listen(fd.get(), SOMAXCONN) < 0) return system_error(errno, "listen on " + name);
    Address local = is_unix ? address : local_address(fd.get());
    struct stat st;
    ino_t inode = is_unix && ::lstat(address.unix_path.c_str(), &st) == 0 ? st.st_ino : 0;
    Held d = OR_RETURN(loop_.watch(std::move(fd)));
    return std::unique_ptr<Listener>(std::make_unique<RealListener>(loop_, std::move(d), std::move(local), inode));
  }

  Result<std::unique_ptr<DatagramSocket>> bind_datagram(Address address) override {
    std::string name = address.str();
    if (!address.unix_path.empty())
      return fail(ErrorKind::unsupported, "bind {}: datagrams are offered over UDP only", name);
    SocketAddress at = OR_RETURN(listening_address(address));
    Fd fd(::socket(at.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return system_error(errno, "bind " + name);
    if (::bind(fd.get(), at.get(), at.size) < 0) return system_error(errno, "bind " + name);
    Address local = local_address(fd.get());
    Held d = OR_RETURN(loop_.watch(std::move(fd)));
    return std::unique_ptr<DatagramSocket>(
        std::make_unique<RealDatagramSocket>(std::move(d), std::move(local), at.family()));
  }

 private:
  // Where a resolver's thread leaves its answer; it may outlive the network.
  struct Mailbox {
    std::mutex mutex;
    Loop* loop = nullptr;  // protected by mutex
  };
  using Resolved = OneShot<std::vector<SocketAddress>>;

  static Task<Result<std::unique_ptr<Stream>>> connect_one(Loop* loop, SocketAddress to, std::string name) {
    Scope& scope = co_await current_scope();
    if (scope.canceled()) co_return canceled();
    Fd fd(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) co_return system_error(errno, "connect to " + name);
    prepare_stream_socket(fd.get(), to.family());
    Held d = OR_CO_RETURN(loop->watch(std::move(fd)));
    int number = 0;
    while (::connect(d->fd(), to.get(), to.size) < 0) {
      if (errno == EINPROGRESS) {
        OR_CO_RETURN(co_await d->writable());
        socklen_t size = sizeof number;
        ::getsockopt(d->fd(), SOL_SOCKET, SO_ERROR, &number, &size);
        break;
      }
      if (errno == EAGAIN) {  // a unix listener's queue is full: nothing tells when it no longer is
        OR_CO_RETURN(co_await sleep(2ms));
      } else if (errno != EINTR) {
        number = errno;
        break;
      }
    }
    if (number == ENOENT)  // no socket there: nobody is there, as with a refused connection
      co_return std::move(system_error(number, "connect to " + name)).as(ErrorKind::unavailable);
    if (number) co_return system_error(number, "connect to " + name);
    co_return create_stream(std::move(d), std::move(name));
  }

  // On a thread that may be held up by the name server for long; canceling leaves it behind.
  Task<Result<std::vector<SocketAddress>>> resolve(Address address) {
    auto shot = Resolved::create();
    resolvers_.post([shot, address, mailbox = mailbox_]() mutable {
      auto found = look_up(address);
      std::lock_guard lock(mailbox->mutex);
      if (mailbox->loop)
        mailbox->loop->post(
            [shot = std::move(shot), found = std::move(found)]() mutable { shot->resolve(std::move(found)); });
    });
    return wait_for(std::move(shot));
  }
  static Task<Result<std::vector<SocketAddress>>> wait_for(std::shared_ptr<Resolved> shot) {
    co_return co_await shot->wait();
  }
  static Result<std::vector<SocketAddress>> look_up(const Address& address) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    int failed = find_addresses(address.host, std::to_string(address.port).c_str(), hints, &found);
    if (failed)
      return fail(ErrorKind::unavailable, "connect to {}: cannot resolve {}: {}", address.str(), address.host,
                  ::gai_strerror(failed));
    std::vector<SocketAddress> out;
    for (addrinfo* each = found; each; each = each->ai_next) {
      SocketAddress to;
      std::memcpy(&to.storage, each->ai_addr, each->ai_addrlen);
      to.size = each->ai_addrlen;
      out.push_back(to);
    }
    ::freeaddrinfo(found);
    return out;
  }

  static Result<SocketAddress> listening_address(const Address& address) {
    if (!address.unix_path.empty()) return unix_address(address.unix_path);
    if (auto numeric = numeric_address(address)) return *numeric;
    if (address.host == "localhost") return *numeric_address({"127.0.0.1", address.port, {}});
    return fail(ErrorKind::invalid, "listen on {}: expected an IP address, as in 127.0.0.1:{}", address.str(),
                address.port);
  }

  // A socket's file whose process died without removing it: nobody answers there.
  static bool remove_stale_socket(const SocketAddress& at, const std::string& path) {
    Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!probe || ::connect(probe.get(), at.get(), at.size) == 0 || errno != ECONNREFUSED) return false;
    struct stat st;
    return ::lstat(path.c_str(), &st) == 0 && S_ISSOCK(st.st_mode) && ::unlink(path.c_str()) == 0;
  }

  Loop& loop_;
  std::shared_ptr<Mailbox> mailbox_;
  ThreadPool resolvers_{4, ThreadPool::AtEnd::abandon};
};

}  // namespace

std::unique_ptr<Network> create_real_network(Loop& loop) {
  return std::make_unique<RealNetwork>(loop);
}

std::unique_ptr<Stream> create_stream(std::shared_ptr<Descriptor> descriptor, std::string peer) {
  return std::make_unique<RealStream>(std::move(descriptor), std::move(peer));
}

}  // namespace slipway::runtime
