#include "gitops/testing/engine_fixture.h"

namespace slipway::gitops::testing {

namespace {

// A cluster that serves Applications only some time after their definition came.
class Plain final : public cluster::Cluster, public kinds::Catalog {
 public:
  Plain(cluster::Cluster& below, int asks) : below_(below), asks_(asks) {}
  Task<Result<Value>> get(cluster::ObjectKey key) override { co_return co_await below_.get(key); }
  Task<Result<cluster::List>> list(kinds::GroupVersionKind kind, cluster::ListOptions options) override {
    if (kind == application_kind && (!defined_ || asks_-- > 0)) co_return Error(ErrorKind::not_found, "not served");
    co_return co_await below_.list(kind, options);
  }
  Task<Result<std::unique_ptr<cluster::Watch>>> watch(kinds::GroupVersionKind kind,
                                                      cluster::WatchOptions options) override {
    co_return co_await below_.watch(kind, options);
  }
  Task<Result<cluster::Written>> write(cluster::Write write) override {
    ++writes;
    if (write.key.kind.kind == "CustomResourceDefinition") {
      defined_ = true;
      definition = write.body;
      co_return cluster::Written{write.body, true, false, {}};
    }
    co_return co_await below_.write(std::move(write));
  }
  const kinds::Catalog& catalog() const override { return *this; }

  const kinds::Kind* find(const kinds::GroupVersionKind& id) const override {
    return id == application_kind && !defined_ ? nullptr : below_.catalog().find(id);
  }
  const kinds::Kind* find_resource(std::string_view group, std::string_view version,
                                   std::string_view plural) const override {
    return below_.catalog().find_resource(group, version, plural);
  }
  const kinds::Kind* find_kind(std::string_view group, std::string_view kind) const override {
    return below_.catalog().find_kind(group, kind);
  }
  const kinds::Kind* find_word(std::string_view word) const override { return below_.catalog().find_word(word); }
  std::vector<const kinds::Kind*> all() const override { return below_.catalog().all(); }
  uint64_t generation() const override { return 0; }
  int writes = 0;
  Value definition;

 private:
  cluster::Cluster& below_;
  int asks_;
  bool defined_ = false;
};

}  // namespace

TEST_CASE("a plain cluster is taught Applications once") {
  EngineFixture f;
  Plain plain(*f.cluster, 3);
  auto ensured = f.world.run(ensure_application_kind(plain));
  if (!ensured) FAIL(ensured.error().str());
  const Value& crd = plain.definition;
  CHECK(crd["metadata"]["name"].as_string() == "applications.argoproj.io");
  CHECK(crd["spec"]["names"]["plural"].as_string() == "applications");
  CHECK_FALSE(crd["spec"]["versions"][0]["subresources"].has("status"));
  CHECK(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
           ["x-kubernetes-preserve-unknown-fields"]
               .as_bool());
  int writes = plain.writes;
  REQUIRE(f.world.run(ensure_application_kind(plain)).has_value());
  CHECK(plain.writes == writes + 1);  // only the namespace is tried again
}

TEST_CASE("a definition that is never served is an error that names it") {
  EngineFixture f;
  Plain plain(*f.cluster, 1000);
  auto ensured = f.world.run(ensure_application_kind(plain));
  REQUIRE_FALSE(ensured.has_value());
  CHECK(ensured.error().is(ErrorKind::unavailable));
  CHECK(ensured.error().str().find("applications.argoproj.io") != std::string::npos);
}

}  // namespace slipway::gitops::testing
