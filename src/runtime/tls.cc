// TLS between a Stream below and a Stream above. OpenSSL never touches a socket: it reads from the bytes that arrived
// last and appends what it wants to send to `outgoing_`; whoever called it moves the bytes. A reader and a writer may
// be under way at once, so each flush takes what is there and lets the other wait until the stream below is free.
//
// No sessions are kept and no tickets given: a resumed session would carry an identity that was verified against an
// older CA.
#include "runtime/tls.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <cstdlib>

#include "runtime/openssl.h"
#include "runtime/read_size.h"

namespace slipway::runtime {
namespace {

constexpr size_t raw_bytes_min = 2 << 10, raw_bytes_max = 32 << 10;  // read at once
constexpr size_t write_piece_bytes = 32 << 10;                       // two full records a write below
constexpr size_t idle_bytes_max = 8 << 10;                           // what a quiet connection keeps for sending

class TlsStreamImpl final : public TlsStream {
 public:
  // `seen`: what was read from `raw` already.
  TlsStreamImpl(std::unique_ptr<Stream> raw, SSL_CTX* context, WallTime now, std::string seen = {})
      : raw_(std::move(raw)), ssl_(SSL_new(context)), incoming_(std::move(seen)), incoming_end_(incoming_.size()) {
    BIO* bio = BIO_new(bio_method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl_.get()), std::chrono::system_clock::to_time_t(now));
  }

  Task<Result<>> handshake() {
    while (true) {
      ERR_clear_error();
      int done = SSL_do_handshake(ssl_.get());
      int why = SSL_get_error(ssl_.get(), done);
      Error failed = done == 1 || why == SSL_ERROR_WANT_READ ? Error(ErrorKind::io, "") : handshake_error();
      auto sent = co_await flush();  // the alert too, so that the other side learns why
      if (done == 1) {
        if (!sent) co_return std::move(sent).error();
        break;
      }
      if (why != SSL_ERROR_WANT_READ) co_return failed;
      OR_CO_RETURN(std::move(sent));
      size_t n = OR_CO_RETURN(co_await fill());
      if (n == 0) co_return Error(ErrorKind::io, "TLS handshake: the other side closed the connection");
    }
    learn_identity();
    co_return Result<>();
  }

  Task<Result<size_t>> read(std::span<char> into) override {
    while (true) {
      ERR_clear_error();
      size_t n = 0;
      int done = SSL_read_ex(ssl_.get(), into.data(), into.size(), &n);
      if (done == 1) co_return n;
      int why = SSL_get_error(ssl_.get(), done);
      if (why == SSL_ERROR_ZERO_RETURN) co_return size_t{0};
      if (why != SSL_ERROR_WANT_READ) {
        if (closed_) co_return Error(ErrorKind::canceled, "closed");
        co_return tls_error("TLS read");
      }
      // Answers that reading produced (key updates). A flush under way will take them along.
      if (!outgoing_.empty() && !flushing_) OR_CO_RETURN(co_await flush());
      size_t raw = OR_CO_RETURN(co_await fill());
      if (raw == 0) co_return Error(ErrorKind::io, "TLS connection cut off (no close_notify)");
    }
  }

  Task<Result<>> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      std::string_view piece = bytes.substr(0, write_piece_bytes);
      ERR_clear_error();
      size_t n = 0;
      if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &n) != 1)
        co_return openssl_error(ErrorKind::io, "TLS write");
      bytes.remove_prefix(n);
      OR_CO_RETURN(co_await flush());
    }
    co_return Result<>();
  }

  Task<Result<>> shutdown_write() override {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    OR_CO_RETURN(co_await flush());
    co_return co_await raw_->shutdown_write();
  }

  void close() override {
    closed_ = true;
    raw_->close();
  }
  std::string peer() const override { return raw_->peer(); }
  const PeerIdentity& identity() const override { return identity_; }
  SSL* ssl() const { return ssl_.get(); }
  void refuse_identity() { refused_ = true; }
  // Of the server that a client met. OpenSSL does not keep the certificate of one that is not believed.
  static int judge_server(int good, X509_STORE_CTX* chain) {
    if (!good) of(chain).untrusted_ = why_untrusted(chain);
    return good;
  }
  static TlsStreamImpl& of(X509_STORE_CTX* chain) {
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    return *static_cast<TlsStreamImpl*>(SSL_get_app_data(ssl));
  }

 private:
  // Sends what OpenSSL wrote. One flush at a time; a second caller waits, for back-pressure and for order.
  Task<Result<>> flush() {
    while (flushing_) {
      if (outgoing_.empty()) co_return Result<>();
      OR_CO_RETURN(co_await flushed_.wait());
    }
    while (!outgoing_.empty()) {
      flushing_ = true;
      sending_.clear();
      sending_.swap(outgoing_);
      auto sent = co_await raw_->write(sending_);
      if (sending_.capacity() > idle_bytes_max) sending_ = {};
      flushing_ = false;
      flushed_.notify();
      OR_CO_RETURN(std::move(sent));
    }
    co_return Result<>();
  }

  // Reads from below; 0 at the end.
  Task<Result<size_t>> fill() {
    // All of it has been seen: it may be exchanged.
    size_t size = next_read_size(incoming_.size(), incoming_end_, raw_bytes_min, raw_bytes_max);
    if (size != incoming_.size()) incoming_ = std::string(size, '\0');
    size_t n = OR_CO_RETURN(co_await raw_->read(std::span(incoming_.data(), incoming_.size())));
    incoming_begin_ = 0;
    incoming_end_ = n;
    ended_ = n == 0;
    co_return n;
  }

  Error handshake_error() {
    if (!untrusted_.empty()) {
      ERR_clear_error();
      return fail(ErrorKind::unavailable, "TLS handshake: the server's certificate: {}", untrusted_);
    }
    return tls_error("TLS handshake");
  }

  void learn_identity() {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    identity_.alpn.assign(reinterpret_cast<const char*>(name), size);
    X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (!certificate) return;
    identity_.fingerprint_sha256 = certificate_fingerprint(certificate);
    identity_.verified = !refused_ && (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) &&
                         SSL_get_verify_result(ssl_.get()) == X509_V_OK;
    // Names that nobody vouches for are not given away: a caller that forgets to look at `verified` grants nothing.
    if (identity_.verified) fill_identity(certificate, identity_);
  }

  static int bio_read(BIO* bio, char* into, int size) {
    auto* self = static_cast<TlsStreamImpl*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    size_t n = std::min(static_cast<size_t>(size), self->incoming_end_ - self->incoming_begin_);
    if (n == 0) {
      if (self->ended_) return 0;
      BIO_set_retry_read(bio);
      return -1;
    }
    memcpy(into, self->incoming_.data() + self->incoming_begin_, n);
    self->incoming_begin_ += n;
    return static_cast<int>(n);
  }
  static int bio_write(BIO* bio, const char* bytes, int size) {
    static_cast<TlsStreamImpl*>(BIO_get_data(bio))->outgoing_.append(bytes, static_cast<size_t>(size));
    return size;
  }
  static long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static BIO_METHOD* bio_method() {
    static BIO_METHOD* method = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "slipway stream");
      BIO_meth_set_read(m, bio_read);
      BIO_meth_set_write(m, bio_write);
      BIO_meth_set_ctrl(m, bio_control);
      return m;
    }();
    return method;
  }

  std::unique_ptr<Stream> raw_;
  SslPtr ssl_;
  PeerIdentity identity_;
  std::string incoming_;  // bytes from below, [begin, end) not yet seen by OpenSSL
  size_t incoming_end_ = 0, incoming_begin_ = 0;
  std::string outgoing_;  // bytes for below
  std::string sending_;   // on their way
  bool flushing_ = false, ended_ = false, closed_ = false, refused_ = false;
  std::string untrusted_;  // why, where the server is not
  Signal flushed_;
};

// ---- contexts ----

SslContextPtr new_context(const SSL_METHOD* method) {
  SslContextPtr context(SSL_CTX_new(method));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  return context;
}

Result<> use_certificate(SSL_CTX* context, const CertifiedKey& own) {
  std::vector<X509Ptr> chain = OR_RETURN(read_certificates(own.certificate_pem));
  KeyPtr key = OR_RETURN(read_private_key(own.key_pem));
  bool good = SSL_CTX_use_certificate(context, chain[0].get()) == 1;
  for (size_t i = 1; good && i < chain.size(); ++i) good = SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
  good = good && SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
  if (!good) return openssl_error(ErrorKind::invalid, "using the certificate and its key");
  return {};
}

Result<> trust(SSL_CTX* context, std::string_view ca_pem, bool tell_the_client) {
  std::vector<X509Ptr> trusted = OR_RETURN(read_certificates(ca_pem));
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);  // an intermediate may be the anchor, as in Go
  for (const auto& certificate : trusted) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1) return openssl_error(ErrorKind::invalid, "using a CA");
    if (tell_the_client) SSL_CTX_add_client_CA(context, certificate.get());
  }
  return {};
}

// Where systems keep their CAs that are not laid out as Debian, whose places OpenSSL knows: the list of Go 1.25.
constexpr const char* kBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

bool says_where_certificates_are() {
  return std::getenv(X509_get_default_cert_file_env()) || std::getenv(X509_get_default_cert_dir_env()) ||
         ::access(X509_get_default_cert_file(), R_OK) == 0 || ::access(X509_get_default_cert_dir(), R_OK) == 0;
}

// The system's CAs, read once (several milliseconds): a change of theirs is seen by the next start.
X509_STORE* system_store() {
  static X509_STORE* store = [] {
    X509_STORE* s = X509_STORE_new();
    X509_STORE_set_default_paths(s);
    if (!says_where_certificates_are())
      for (const char* bundle : kBundles)
        if (X509_STORE_load_file(s, bundle) == 1) break;
    ERR_clear_error();
    return s;
  }();
  return store;
}

std::string wire_form(const std::vector<std::string>& alpn) {
  std::string out;
  for (const auto& name : alpn) {
    out += static_cast<char>(name.size());
    out += name;
  }
  return out;
}

class TlsServerContextImpl final : public TlsServerContext {
 public:
  TlsServerContextImpl(World& world, std::string client_ca_pem, std::vector<std::string> alpn)
      : world_(world), client_ca_pem_(std::move(client_ca_pem)), alpn_(wire_form(alpn)) {}

  Result<> replace(CertifiedKey own) override {
    SslContextPtr context = new_context(TLS_server_method());
    OR_RETURN(use_certificate(context.get(), own).context("the server's certificate"));
    if (!client_ca_pem_.empty()) {
      OR_RETURN(trust(context.get(), client_ca_pem_, true).context("the CA for client certificates"));
      SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, note_verdict);
    }
    SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, this);
    context_ = std::move(context);  // connections under way keep the old one
    return {};
  }

  Task<Result<std::unique_ptr<TlsStream>>> accept(std::unique_ptr<Stream> raw) override {
    // OpenSSL's part is 40 KB: not for a client that says nothing.
    std::string hello(1 << 10, '\0');
    hello.resize(OR_CO_RETURN(co_await raw->read(std::span(hello.data(), hello.size()))));
    if (hello.empty()) co_return Error(ErrorKind::io, "TLS handshake: the other side closed the connection");
    auto stream = std::make_unique<TlsStreamImpl>(std::move(raw), context_.get(), world_.now(), std::move(hello));
    SSL_set_accept_state(stream->ssl());
    OR_CO_RETURN(co_await stream->handshake());
    co_return std::unique_ptr<TlsStream>(std::move(stream));
  }

 private:
  // The handshake goes on whatever the client showed: who may do what is decided later, with an answer that can be
  // read.
  static int note_verdict(int good, X509_STORE_CTX* store) {
    if (!good) TlsStreamImpl::of(store).refuse_identity();
    return 1;
  }
  static int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                         unsigned int in_size, void* self) {
    const std::string& ours = static_cast<TlsServerContextImpl*>(self)->alpn_;
    unsigned char* chosen = nullptr;
    int met = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                    static_cast<unsigned int>(ours.size()), in, in_size);
    *out = chosen;
    return met == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  }

  World& world_;
  std::string client_ca_pem_;
  std::string alpn_;
  SslContextPtr context_;
};

bool is_ip_address(const std::string& text) {
  unsigned char raw[16];
  return inet_pton(AF_INET, text.c_str(), raw) == 1 || inet_pton(AF_INET6, text.c_str(), raw) == 1;
}

Result<> expect_server(SSL* ssl, std::string name, bool verify) {
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  bool good = true;
  if (is_ip_address(name)) {
    if (verify) good = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  } else if (!name.empty()) {
    good = SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (verify) good = good && SSL_set1_host(ssl, name.c_str()) == 1;
  } else if (verify) {
    return fail(ErrorKind::invalid, "TLS: no server name to verify the certificate against");
  }
  if (!good) return openssl_error(ErrorKind::invalid, fmt::format("TLS: the server name {:?}", name));
  return {};
}

}  // namespace

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::create(World& world, CertifiedKey own,
                                                                   std::string client_ca_pem,
                                                                   std::vector<std::string> alpn) {
  auto context = std::make_shared<TlsServerContextImpl>(world, std::move(client_ca_pem), std::move(alpn));
  OR_RETURN(context->replace(std::move(own)));
  return std::shared_ptr<TlsServerContext>(std::move(context));
}

Task<Result<std::unique_ptr<TlsStream>>> tls_connect(World& world, std::unique_ptr<Stream> raw,
                                                     TlsClientOptions options) {
  SslContextPtr context = new_context(TLS_client_method());
  if (options.verify) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, TlsStreamImpl::judge_server);
    if (options.ca_pem.empty())
      SSL_CTX_set1_cert_store(context.get(), system_store());
    else
      OR_CO_RETURN(trust(context.get(), options.ca_pem, false).context("the CA for the server's certificate"));
  }
  if (!options.own.certificate_pem.empty())
    OR_CO_RETURN(use_certificate(context.get(), options.own).context("the client certificate"));
  std::string alpn = wire_form(options.alpn);
  if (!alpn.empty())
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                            static_cast<unsigned int>(alpn.size()));
  auto stream = std::make_unique<TlsStreamImpl>(std::move(raw), context.get(), world.now());
  OR_CO_RETURN(expect_server(stream->ssl(), options.server_name, options.verify));
  SSL_set_connect_state(stream->ssl());
  OR_CO_RETURN(co_await stream->handshake());
  co_return std::unique_ptr<TlsStream>(std::move(stream));
}

}  // namespace slipway::runtime
