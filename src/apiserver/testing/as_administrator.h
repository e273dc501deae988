// For tests on a simulated wire, which is plain text: every request is an administrator's, as if a certificate said so.
#pragma once

#include "runtime/http.h"

namespace slipway::apiserver::testing {

class AsAdministrator final : public runtime::Exchange {
 public:
  explicit AsAdministrator(runtime::Exchange& below) : below_(below) {
    peer_.verified = true;
    peer_.common_name = "admin";
    peer_.organizations = {"system:masters"};
  }
  const runtime::Request& request() const override { return below_.request(); }
  const runtime::PeerIdentity& peer() const override { return peer_; }
  std::string remote() const override { return below_.remote(); }
  runtime::Body& body() override { return below_.body(); }
  Task<Result<>> respond(int status, runtime::Headers headers, std::string body) override {
    co_return co_await below_.respond(status, std::move(headers), std::move(body));
  }
  Task<Result<>> start(int status, runtime::Headers headers) override {
    co_return co_await below_.start(status, std::move(headers));
  }
  Task<Result<>> write(std::string bytes) override { co_return co_await below_.write(std::move(bytes)); }
  Task<Result<>> room() override { co_return co_await below_.room(); }
  Task<Result<>> finish() override { co_return co_await below_.finish(); }
  Task<Result<runtime::UpgradedStream>> upgrade(std::string head) override {
    co_return co_await below_.upgrade(std::move(head));
  }
  static Task<void> serve(runtime::Handler handler, runtime::Exchange& exchange) {
    AsAdministrator administrator(exchange);
    co_await handler(administrator);
  }

 private:
  runtime::Exchange& below_;
  runtime::PeerIdentity peer_;
};

}  // namespace slipway::apiserver::testing
