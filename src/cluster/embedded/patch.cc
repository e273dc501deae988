#include "value/patch.h"

#include "base/text.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"
#include "cluster/embedded/patched.h"

namespace slipway::cluster {

namespace {

Error unknown_patch_type(const kinds::Kind& kind) {
  if (kind.builtin) return Error(ErrorKind::unsupported, "415: Unsupported Media Type");
  return Error(ErrorKind::unsupported,
               "the body of the request was in an unknown format - accepted media types include: "
               "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
}

}  // namespace

Result<Value> patched(const kinds::Kind& kind, const Value& target, const Write& write) {
  switch (write.patch_type) {
    case PatchType::json: {
      auto result = value::json_patch(target, write.body);
      // The API server says no more than this, and clients compare the text.
      if (result.failed_with(ErrorKind::invalid)) {
        return Error(ErrorKind::invalid, "the server rejected our request due to an error in our request");
      }
      return result;
    }
    case PatchType::merge:
      return value::merge_patch(target, write.body);
    case PatchType::strategic:
      if (!kind.builtin || !kind.type) return unknown_patch_type(kind);
      return kinds::strategic_merge(kind.type, target, write.body);
    case PatchType::none:
    case PatchType::apply:
      return unknown_patch_type(kind);
  }
  return unknown_patch_type(kind);
}

Task<Result<Written>> EmbeddedCluster::patch(Request& request) {
  const kinds::Kind& kind = request.kind;
  Part part = request.write.subresource == "status" ? Part::status
              : kind.status_subresource()           ? Part::main
                                                    : Part::everything;
  for (int attempt = 1;; ++attempt) {
    auto before = store_.latest(request.key());
    if (!before) co_return no_such_object(kind, request.write.key.name);
    Value stored = stored_as(kind, before), shown = kinds::converted(kind, *before);
    Value changed = OR_CO_RETURN(patched(kind, shown, request.write));
    bool names_revision = changed["metadata"]["resourceVersion"] != shown["metadata"]["resourceVersion"];
    request.warnings.clear();
    Value wanted = OR_CO_RETURN(decode_patched(request, std::move(changed), stored));
    wanted = OR_CO_RETURN(agree(request, std::move(wanted)));
    wanted = kinds::apply_defaults(kind, std::move(wanted), stored);
    auto written = co_await replace(request, shown, std::move(wanted), part);
    bool again = written.failed_with(ErrorKind::conflict) && !names_revision && !request.write.uid &&
                 !request.write.resource_version && attempt < attempts_max;
    if (!again) co_return written;
  }
}

}  // namespace slipway::cluster
