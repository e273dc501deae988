#include "base/text.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"
#include "cluster/embedded/object_size.h"

namespace slipway::cluster {

namespace {

constexpr int names_tried = 8;
constexpr size_t generated_base_max = 58;  // 63, less the five characters of chance

std::string generated_name(World& world, std::string_view base) {
  return std::string(base.substr(0, generated_base_max)) + world.random().suffix(5);
}

Error name_required(const kinds::Kind& kind) {
  return kinds::invalid(kind, "",
                        {{"FieldValueRequired", "Required value: name or generateName is required", "metadata.name"}});
}

}  // namespace

Task<Result<Written>> EmbeddedCluster::create(Request& request) {
  const kinds::Kind& kind = request.kind;
  Value object = OR_CO_RETURN(decode(request));
  object = OR_CO_RETURN(agree(request, std::move(object)));
  std::string sent_revision = object["metadata"]["resourceVersion"].str();
  if (!sent_revision.empty() && sent_revision != "0") {
    co_return Error(ErrorKind::internal, "resourceVersion should not be set on objects to be created");
  }
  std::string asked_name = request.write.key.name;
  std::string base = object["metadata"]["generateName"].str();
  if (asked_name.empty() && base.empty()) co_return name_required(kind);

  object = kinds::apply_defaults(kind, prepare_for_create(kind, std::move(object), world_.now()));
  for (int tried = 1;; ++tried) {
    std::string name = asked_name.empty() ? generated_name(world_, base) : asked_name;
    OR_CO_RETURN(check_namespace(request, name));
    Value made = metadata_for_create(world_, kind, object, request.write.key.ns, name);
    made = prepare_identified(kind, std::move(made));
    made = OR_CO_RETURN(co_await admit(request, Value(), std::move(made)));
    made = OR_CO_RETURN(addresses_.assign(kind, std::move(made), Value(), world_.random(), request.dry_run()));
    if (auto causes = kinds::validate(kind, made, nullptr); !causes.empty()) {
      if (!request.dry_run()) addresses_.release(made, Value());
      co_return kinds::invalid(kind, name, std::move(causes));
    }
    if (auto admitted = check_admitted(request, Value(), made, name); !admitted) {
      if (!request.dry_run()) addresses_.release(made, Value());
      co_return std::move(admitted).error();
    }
    if (request.dry_run()) {
      if (store_.latest(request.key(name))) co_return exists_already(kind, name);
      co_return Written{.object = made, .created = true};
    }
    if (auto sized = check_size(kind, made, Value()); !sized) {
      addresses_.release(made, Value());
      co_return std::move(sized).error();
    }
    std::vector<store::Change> changes;
    changes.push_back({request.key(name), made, store::Revision{0}, durability_of(kind, request.write.key.ns)});
    auto stored = co_await store_.commit(std::move(changes));
    if (stored) co_return Written{.object = std::move(stored->front()), .created = true};
    addresses_.release(made, Value());
    if (!stored.error().is(ErrorKind::already_exists)) co_return std::move(stored).error();
    if (!asked_name.empty() || tried == names_tried) co_return exists_already(kind, name);
  }
}

}  // namespace slipway::cluster
