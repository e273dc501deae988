// For tests: a request from memory, and what was answered.
#pragma once

#include <string>
#include <utility>

#include "base/text.h"
#include "runtime/http.h"

namespace slipway::apiserver::testing {

class FakeExchange final : public runtime::Exchange {
 public:
  FakeExchange(std::string method, std::string target, std::string sent = "") : body_(std::move(sent)) {
    request_.method = std::move(method);
    request_.target = std::move(target);
    as("admin", {"system:masters"});
  }
  FakeExchange& with(std::string name, std::string value) {
    request_.headers.add(std::move(name), std::move(value));
    return *this;
  }
  // The client sends what it has, and then neither more nor the end.
  FakeExchange& stalling() {
    body_.stalls = true;
    return *this;
  }
  // The client sends a byte every second, for ever.
  FakeExchange& dripping() {
    body_.drips = true;
    return *this;
  }
  // There is no room for an answer until this is notified.
  FakeExchange& waiting_for(runtime::Signal& room) {
    room_ = &room;
    return *this;
  }
  FakeExchange& as(std::string user, std::vector<std::string> groups) {
    peer_.verified = !user.empty();
    peer_.common_name = std::move(user);
    peer_.organizations = std::move(groups);
    return *this;
  }
  // With a certificate that does not hold.
  FakeExchange& shown_in_vain() {
    peer_.fingerprint_sha256 = "ab";
    return *this;
  }

  const runtime::Request& request() const override { return request_; }
  const runtime::PeerIdentity& peer() const override { return peer_; }
  std::string remote() const override { return address; }
  std::string address = "192.0.2.1:4711";
  runtime::Body& body() override { return body_; }
  Task<Result<>> respond(int code, runtime::Headers h, std::string text) override {
    status = code;
    headers = std::move(h);
    answer = std::move(text);
    co_return Result<>();
  }
  Task<Result<>> start(int code, runtime::Headers h) override {
    status = code;
    headers = std::move(h);
    co_return Result<>();
  }
  Task<Result<>> write(std::string bytes) override {
    answer += bytes;
    ++writes;
    co_return Result<>();
  }
  Task<Result<>> room() override {
    if (auto* room = std::exchange(room_, nullptr)) OR_CO_RETURN(co_await room->wait());
    co_return Result<>();
  }
  Task<Result<>> finish() override {
    finished = true;
    co_return Result<>();
  }
  Task<Result<runtime::UpgradedStream>> upgrade(std::string) override {
    co_return fail(ErrorKind::unsupported, "no upgrades here");
  }

  int status = 0;
  runtime::Headers headers;
  std::string answer;
  bool finished = false;
  int writes = 0;

 private:
  class Sent final : public runtime::Body {
   public:
    explicit Sent(std::string bytes) : bytes_(std::move(bytes)) {}
    Task<Result<std::string>> read() override {
      if (drips) {
        OR_CO_RETURN(co_await runtime::sleep(1s));
        co_return std::string(" ");
      }
      if (stalls && at_ == bytes_.size()) OR_CO_RETURN(co_await runtime::sleep(24h));
      std::string piece = bytes_.substr(at_, 64 << 10);
      at_ += piece.size();
      co_return piece;
    }
    bool stalls = false, drips = false;

   private:
    size_t at_ = 0;
    std::string bytes_;
  };
  runtime::Request request_;
  runtime::PeerIdentity peer_;
  Sent body_;
  runtime::Signal* room_ = nullptr;
};

}  // namespace slipway::apiserver::testing
