// A cluster that has never heard of Applications learns of them.
#include "base/text.h"
#include "gitops/application/application.h"
#include "gitops/engine.h"

namespace slipway::gitops {

namespace {

constexpr int tries_max = 50;
constexpr Duration try_delay = 200ms;

Value open_object(std::string_view description) {
  return Value{{"type", "object"}, {"description", description}, {"x-kubernetes-preserve-unknown-fields", true}};
}

Value column(std::string_view name, std::string_view path, int priority) {
  Value c{{"name", name}, {"type", "string"}, {"jsonPath", path}};
  return priority > 0 ? c.with_member("priority", priority) : c;
}

// As in Argo CD, status is no subresource: its clients write it with the object.
Value application_definition() {
  Value properties{{"apiVersion", Value{{"type", "string"}}},
                   {"kind", Value{{"type", "string"}}},
                   {"metadata", Value{{"type", "object"}}},
                   {"spec", open_object("What to deploy from where, and how to keep it so.")},
                   {"status", open_object("How it stands.")},
                   {"operation", open_object("A sync under way or asked for.")}};
  Value schema{
      {"type", "object"}, {"properties", properties}, {"required", Value::array({Value("metadata"), Value("spec")})}};
  Value columns = Value::array(
      {column("Sync Status", ".status.sync.status", 0), column("Health Status", ".status.health.status", 0),
       column("Revision", ".status.sync.revision", 10), column("Project", ".spec.project", 10)});
  Value version{{"name", application_kind.version},
                {"served", true},
                {"storage", true},
                {"schema", Value{{"openAPIV3Schema", schema}}},
                {"subresources", Value::object()},
                {"additionalPrinterColumns", columns}};
  Value names{{"kind", application_kind.kind},
              {"listKind", "ApplicationList"},
              {"plural", "applications"},
              {"singular", "application"},
              {"shortNames", Value::array({Value("app"), Value("apps")})}};
  Value spec{{"group", application_kind.group},
             {"scope", "Namespaced"},
             {"names", names},
             {"versions", Value::array({version})}};
  return Value{{"apiVersion", "apiextensions.k8s.io/v1"},
               {"kind", "CustomResourceDefinition"},
               {"metadata", Value{{"name", "applications.argoproj.io"}}},
               {"spec", spec}};
}

Task<Result<>> create_unless_there(cluster::Cluster& cluster, Value object) {
  auto written = co_await cluster.write(cluster::create(std::move(object)));
  if (written || written.failed_with(ErrorKind::already_exists)) co_return Result<>();
  co_return std::move(written).error();
}

}  // namespace

Task<Result<>> ensure_application_kind(cluster::Cluster& cluster) {
  Value metadata{{"name", EngineOptions().control_namespace}};
  Result<> made =
      co_await create_unless_there(cluster, Value{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", metadata}});
  if (!made) co_return std::move(made).context("making the namespace of Applications");
  if (cluster.catalog().find(application_kind)) co_return Result<>();
  made = co_await create_unless_there(cluster, application_definition());
  if (!made) co_return std::move(made).context("teaching the cluster the kind Application");
  // A definition is served a moment after it was accepted; asking makes a remote cluster look at its kinds again.
  for (int i = 0; i < tries_max; ++i) {
    cluster::ListOptions one;
    one.limit = 1;
    auto listed = co_await cluster.list(application_kind, std::move(one));
    if (listed) co_return Result<>();
    if (listed.failed_with(ErrorKind::canceled)) co_return listed.error();
    OR_CO_RETURN(co_await runtime::sleep(try_delay));
  }
  co_return fail(ErrorKind::unavailable,
                 "the cluster took the definition applications.argoproj.io but does not serve it after {} s; see "
                 "kubectl describe crd applications.argoproj.io",
                 std::chrono::duration_cast<std::chrono::seconds>(try_delay * tries_max).count());
}

}  // namespace slipway::gitops
