#include "runtime/client_pool.h"

namespace slipway::runtime {
namespace {

constexpr Duration idle_time_max = 60s;  // servers close idle connections; below what they commonly wait

class PooledBody final : public Body {
 public:
  PooledBody(std::shared_ptr<ClientPool> pool, std::string key, std::unique_ptr<H1ClientConnection> connection,
             const H1ResponseHead& head)
      : pool_(std::move(pool)),
        key_(std::move(key)),
        connection_(std::move(connection)),
        reusable_(head.keep_alive),
        body_(connection_->input(), head.framing, head.body_bytes) {
    if (body_.done()) settle();
  }
  Task<Result<std::string>> read() override {
    if (body_.done()) co_return std::string();
    auto piece = co_await body_.read();
    if (!piece && !piece.failed_with(ErrorKind::canceled)) reusable_ = false;
    if (body_.done()) settle();
    co_return piece;
  }
  const Headers* trailers() const override { return body_.trailers(); }

 private:
  void settle() {
    if (reusable_) pool_->give(key_, std::move(connection_));
    connection_.reset();
  }
  std::shared_ptr<ClientPool> pool_;
  std::string key_;
  std::unique_ptr<H1ClientConnection> connection_;
  bool reusable_;
  H1Body body_;  // of the connection's input; not touched once it is done
};

}  // namespace

std::unique_ptr<H1ClientConnection> ClientPool::take(const std::string& key) {
  auto found = idle_.find(key);
  if (found == idle_.end()) return nullptr;
  auto& list = found->second;
  std::erase_if(list, [&](const auto& c) { return world_.steady_now() - c->idle_since > idle_time_max; });
  if (list.empty()) {
    idle_.erase(found);
    return nullptr;
  }
  auto connection = std::move(list.back());
  list.pop_back();
  return connection;
}

void ClientPool::give(const std::string& key, std::unique_ptr<H1ClientConnection> connection) {
  auto& list = idle_[key];
  if (closed_ || list.size() >= idle_max_ || !connection->input().bytes().empty()) return;
  connection->idle_since = world_.steady_now();
  connection->used = true;
  list.push_back(std::move(connection));
}

std::unique_ptr<Body> pooled_body(std::shared_ptr<ClientPool> pool, std::string key,
                                  std::unique_ptr<H1ClientConnection> connection, const H1ResponseHead& head) {
  return std::make_unique<PooledBody>(std::move(pool), std::move(key), std::move(connection), head);
}

}  // namespace slipway::runtime
