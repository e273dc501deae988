// api_load HOST:PORT CA.pem CLIENT.pem WORK...: what many clients see of a Kubernetes API over HTTP/2 and TLS, one
// request at a time each. A client of its own, on OpenSSL and nghttp2 alone, so that it is as far from our server as
// from a peer's: one thread, one epoll, connections that stay. WORK, each printing one line `name<TAB>figure<TAB>unit`
// per figure:
//   create FROM N     N pods pod-FROM.. of 3 KB in namespace bench, 32 clients
//   patch N           N merge patches, each of another value, spread over pod-0..pod-999, 32 clients
//   list ACCEPT N     N lists of all pods of the namespace, each after a write, one client
//   watch WATCHERS N  N patches, 5 ms apart at least; how long until each watcher has the event
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kClients = 32;
constexpr std::string_view kPods = "/api/v1/namespaces/bench/pods";

[[noreturn]] void give_up(std::string why) {
  fmt::print(stderr, "api_load: {}\n", why);
  std::exit(1);
}

int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

struct Request {
  std::string method, path, body, content_type = "application/json", accept = "application/json";
};

struct Target {
  std::string host;
  int port = 0;
  SSL_CTX* tls = nullptr;
};

class Connection {
 public:
  std::function<void(int status, std::string_view body)> on_answer;  // when a stream ends
  std::function<void(std::string_view bytes)> on_bytes;              // as they come; empty: kept for on_answer

  explicit Connection(const Target& target) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(target.port));
    ::inet_pton(AF_INET, target.host.c_str(), &to.sin_addr);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) give_up("cannot connect to " + target.host);
    int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ssl_ = SSL_new(target.tls);
    SSL_set_fd(ssl_, fd_);
    SSL_set_read_ahead(ssl_, 1);  // one read for a record, not one for its head and one for the rest
    if (SSL_connect(ssl_) != 1) give_up("the TLS handshake failed");
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    start_session(fmt::format("{}:{}", target.host, target.port));
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    nghttp2_session_del(session_);
    SSL_free(ssl_);
    ::close(fd_);
  }

  int fd() const { return fd_; }

  void ask(Request request) {
    request_ = std::move(request);
    sent_body_ = 0;
    answer_.clear();
    status_ = 0;
    auto field = [](std::string_view name, std::string_view text) {
      return nghttp2_nv{const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(name.data())),
                        const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data())), name.size(), text.size(),
                        NGHTTP2_NV_FLAG_NONE};
    };
    std::string length = std::to_string(request_.body.size());
    std::vector<nghttp2_nv> head = {field(":method", request_.method), field(":scheme", "https"),
                                    field(":authority", authority_),   field(":path", request_.path),
                                    field("accept", request_.accept),  field("user-agent", "api_load")};
    nghttp2_data_provider body{{.ptr = this},
                               [](nghttp2_session*, int32_t, uint8_t* out, size_t room, uint32_t* flags,
                                  nghttp2_data_source* source, void*) -> ssize_t {
                                 auto& self = *static_cast<Connection*>(source->ptr);
                                 size_t n = std::min(room, self.request_.body.size() - self.sent_body_);
                                 std::copy_n(self.request_.body.data() + self.sent_body_, n, out);
                                 self.sent_body_ += n;
                                 if (self.sent_body_ == self.request_.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
                                 return static_cast<ssize_t>(n);
                               }};
    if (!request_.body.empty()) {
      head.push_back(field("content-type", request_.content_type));
      head.push_back(field("content-length", length));
    }
    if (nghttp2_submit_request(session_, nullptr, head.data(), head.size(), request_.body.empty() ? nullptr : &body,
                               nullptr) < 0)
      give_up("cannot submit a request");
    if (!receiving_) flush();
  }

  void readable() {
    static uint8_t buffer[64 << 10];
    for (;;) {
      int n = SSL_read(ssl_, buffer, sizeof buffer);
      if (n > 0) {
        receiving_ = true;  // an answer's callback may ask again; what it asks is sent below
        if (nghttp2_session_mem_recv(session_, buffer, static_cast<size_t>(n)) < 0) give_up("wrong HTTP/2");
        receiving_ = false;
        if (SSL_has_pending(ssl_)) continue;
        break;  // what comes now wakes us again
      }
      int why = SSL_get_error(ssl_, n);
      if (why != SSL_ERROR_WANT_READ) give_up("the server closed a connection");
      break;
    }
    flush();
  }

  void flush() {
    for (;;) {
      if (out_.empty()) {
        const uint8_t* bytes = nullptr;
        for (ssize_t n; (n = nghttp2_session_mem_send(session_, &bytes)) > 0;)
          out_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
        if (out_.empty()) return;
      }
      int n = SSL_write(ssl_, out_.data(), static_cast<int>(out_.size()));
      if (n <= 0) return;  // the next readable() tries again: requests are small, so this hardly ever happens
      out_.erase(0, static_cast<size_t>(n));
    }
  }

 private:
  void start_session(std::string authority) {
    authority_ = std::move(authority);
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(
        calls, [](nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t n, const uint8_t* text, size_t,
                  uint8_t, void* self) {
          if (std::string_view(reinterpret_cast<const char*>(name), n) == ":status")
            static_cast<Connection*>(self)->status_ = std::atoi(reinterpret_cast<const char*>(text));
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        calls, [](nghttp2_session*, uint8_t, int32_t, const uint8_t* bytes, size_t n, void* user) {
          auto& self = *static_cast<Connection*>(user);
          std::string_view text(reinterpret_cast<const char*>(bytes), n);
          if (self.on_bytes)
            self.on_bytes(text);
          else
            self.answer_ += text;
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        calls, [](nghttp2_session*, int32_t, uint32_t error, void* user) {
          auto& self = *static_cast<Connection*>(user);
          if (error != 0) give_up(fmt::format("a stream was reset with {}", error));
          self.on_answer(self.status_, self.answer_);
          return 0;
        });
    nghttp2_session_client_new(&session_, calls, this);
    nghttp2_session_callbacks_del(calls);
    nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 16 << 20};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, 16 << 20);
    flush();
  }

  int fd_ = -1;
  SSL* ssl_ = nullptr;
  nghttp2_session* session_ = nullptr;
  std::string authority_, out_, answer_;
  Request request_;
  size_t sent_body_ = 0;
  int status_ = 0;
  bool receiving_ = false;
};

class Loop {
 public:
  Connection& connect(const Target& target) {
    Connection& c = *all_.emplace_back(std::make_unique<Connection>(target));
    epoll_event e{.events = EPOLLIN, .data = {.ptr = &c}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd(), &e);
    return c;
  }
  // Until `done`; `each` runs after every round of events, at least every `every_ms`.
  void run(const bool& done, int every_ms = 1000, std::function<void()> each = {}) {
    int64_t last = now_ns();
    while (!done) {
      epoll_event ready[64];
      int n = ::epoll_wait(epoll_, ready, 64, every_ms);
      for (int i = 0; i < n; ++i) static_cast<Connection*>(ready[i].data.ptr)->readable();
      if (n > 0) last = now_ns();
      if (now_ns() - last > 60'000'000'000) give_up("no answer for a minute");
      if (each) each();
    }
  }

 private:
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Connection>> all_;
};

double percentile(std::vector<double>& sorted_here, double part) {
  if (sorted_here.empty()) give_up("nothing was measured");
  std::sort(sorted_here.begin(), sorted_here.end());
  return sorted_here[std::min(sorted_here.size() - 1,
                              static_cast<size_t>(static_cast<double>(sorted_here.size()) * part))];
}

void check(int status, std::string_view answer) {
  if (status >= 300 || status < 200) give_up(fmt::format("{}: {}", status, answer.substr(0, 300)));
}

std::string pod(int n) {  // about 3 KB; nothing schedules it
  std::string env;
  for (int i = 0; i < 24; ++i)
    env += fmt::format(R"({}{{"name":"SETTING_{}","value":"what the program should know about part {} of {}"}})",
                       i ? "," : "", i, i, n);
  return fmt::format(
      R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"pod-{}","labels":{{"app":"bench","part":"p{}"}}}},"spec":)"
      R"({{"schedulerName":"none","automountServiceAccountToken":false,"containers":[{{"name":"web","image":"registry.example.com/web:1","env":[{}]}}]}}}})",
      n, n % 10, env);
}

Request patch_of(std::string name, std::string key, std::string text) {
  return {"PATCH", fmt::format("{}/{}", kPods, name),
          fmt::format(R"({{"metadata":{{"annotations":{{"{}":"{}"}}}}}})", key, text), "application/merge-patch+json"};
}

// `count` requests of 32 clients; per second, and the 99th percentile of one.
void many(const Target& target, int count, std::string_view name, std::function<Request(int)> request) {
  Loop loop;
  int asked = 0, answered = 0;
  bool done = false;
  std::vector<double> took;
  std::vector<int64_t> begun(kClients);
  int64_t start = now_ns();
  for (int i = 0; i < kClients; ++i) {
    Connection& c = loop.connect(target);
    auto next = [&, i, connection = &c] {
      if (asked == count) return;
      begun[static_cast<size_t>(i)] = now_ns();
      connection->ask(request(asked++));
    };
    c.on_answer = [&, i, next](int status, std::string_view answer) {
      check(status, answer);
      took.push_back(static_cast<double>(now_ns() - begun[static_cast<size_t>(i)]) / 1e6);
      done = ++answered == count;
      next();
    };
    if (i + 1 == kClients) start = now_ns();
    next();
  }
  loop.run(done);
  fmt::print("{}\t{:.0f}\t/s\n", name, count / (static_cast<double>(now_ns() - start) / 1e9));
  fmt::print("{}, p99\t{:.2f}\tms\n", name, percentile(took, 0.99));
}

void list(const Target& target, std::string accept, int count) {
  Loop loop;
  Connection& c = loop.connect(target);
  std::vector<double> took;
  int64_t begun = 0;
  int round = 0;
  bool done = false, listing = false;
  size_t bytes = 0;
  c.on_bytes = [&](std::string_view text) { bytes += listing ? text.size() : 0; };
  auto write = [&] {
    listing = false;
    c.ask(patch_of("pod-0", "listed", fmt::format("{}-{}", now_ns(), round)));
  };
  c.on_answer = [&](int status, std::string_view answer) {
    check(status, answer);
    if (listing) {
      took.push_back(static_cast<double>(now_ns() - begun) / 1e6);
      done = ++round == count;
      if (!done) write();
    } else {
      listing = true;
      begun = now_ns();
      bytes = 0;
      c.ask({"GET", std::string(kPods), "", "", accept});
    }
  };
  write();
  loop.run(done);
  fmt::print("list\t{:.1f}\tms\nlist, bytes\t{:.1f}\tMB\n", percentile(took, 0.5), static_cast<double>(bytes) / 1e6);
}

void watch(const Target& target, int watchers, int count) {
  Loop loop;
  bool done = false;
  std::vector<double> took;
  int began = 0;
  auto follow = [&](Connection& c) {
    c.on_answer = [](int status, std::string_view) { give_up(fmt::format("a watch ended ({})", status)); };
    auto rest = std::make_shared<std::string>();
    c.on_bytes = [&, rest](std::string_view text) {
      int64_t now = now_ns();
      *rest += text;
      size_t begin = 0;
      for (size_t end; (end = rest->find('\n', begin)) != std::string::npos; begin = end + 1) {
        static constexpr std::string_view mark = "\"sent\":\"";
        const void* at = ::memmem(rest->data() + begin, end - begin, mark.data(), mark.size());
        if (!at) continue;
        int64_t sent = std::atoll(static_cast<const char*>(at) + mark.size());
        if (sent == 0)
          ++began;
        else
          took.push_back(static_cast<double>(now - sent) / 1e6);
      }
      rest->erase(0, begin);
    };
    c.ask({"GET", fmt::format("{}?watch=true&fieldSelector=metadata.name%3Dpod-1&resourceVersion=0", kPods), ""});
  };
  Connection& writer = loop.connect(target);
  bool free = true;
  writer.on_answer = [&](int status, std::string_view answer) {
    check(status, answer);
    free = true;
  };
  auto write = [&](int64_t sent) {
    free = false;
    writer.ask(patch_of("pod-1", "sent", std::to_string(sent)));
  };
  write(0);
  loop.run(free);
  for (int i = 0; i < watchers; ++i) follow(loop.connect(target));
  bool all_follow = false;
  loop.run(all_follow, 10, [&] { all_follow = began >= watchers; });
  int written = 0;
  int64_t last = 0;
  loop.run(done, 1, [&] {
    if (written < count && free && now_ns() - last > 5'000'000) {
      last = now_ns();
      ++written;
      write(last);
    }
    done = written == count && took.size() >= static_cast<size_t>(watchers) * static_cast<size_t>(count);
  });
  fmt::print("watch\t{:.2f}\tms\nwatch, p99\t{:.2f}\tms\n", percentile(took, 0.5), percentile(took, 0.99));
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 5) give_up("expected HOST:PORT CA.pem CLIENT.pem WORK...");
  size_t colon = words[0].rfind(':');
  Target target{words[0].substr(0, colon), std::atoi(words[0].c_str() + colon + 1), SSL_CTX_new(TLS_client_method())};
  if (SSL_CTX_load_verify_locations(target.tls, words[1].c_str(), nullptr) != 1 ||
      SSL_CTX_use_certificate_chain_file(target.tls, words[2].c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(target.tls, words[2].c_str(), SSL_FILETYPE_PEM) != 1)
    give_up("cannot read the certificates");
  SSL_CTX_set_verify(target.tls, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(target.tls, reinterpret_cast<const unsigned char*>("\x02h2"), 3);
  SSL_CTX_set_mode(target.tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const std::string& work = words[3];
  auto number = [&](size_t i) { return i < words.size() ? std::atoi(words[i].c_str()) : 0; };
  if (work == "create") {
    many(target, number(5), "create",
         [from = number(4)](int n) { return Request{"POST", std::string(kPods), pod(from + n)}; });
  } else if (work == "patch") {
    many(target, number(4), "patch",
         [](int n) { return patch_of(fmt::format("pod-{}", n % 1000), "round", std::to_string(now_ns())); });
  } else if (work == "list") {
    list(target, words[4], number(5));
  } else if (work == "watch") {
    watch(target, number(4), number(5));
  } else {
    give_up("unknown work " + work);
  }
}
