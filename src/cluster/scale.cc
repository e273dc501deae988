#include "cluster/scale.h"

namespace slipway::cluster {

Value scale_of(const Value& workload) {
  const Value& meta = workload["metadata"];
  ObjectBuilder metadata;
  metadata.set("name", meta["name"]).set_unless_empty("namespace", meta["namespace"]).set("uid", meta["uid"]);
  metadata.set("resourceVersion", meta["resourceVersion"]).set("creationTimestamp", meta["creationTimestamp"]);
  ObjectBuilder spec;
  spec.set_unless_empty("replicas", workload["spec"]["replicas"]);
  ObjectBuilder status;
  status.set("replicas", workload["status"]["replicas"].as_int());
  const Value& labels = workload["spec"]["selector"];
  // a ReplicationController's selector is a plain map, the others' a LabelSelector
  bool plain = workload["kind"].as_string() == "ReplicationController";
  auto selector =
      plain ? Result<kinds::Selector>(kinds::Selector::from_map(labels)) : kinds::Selector::from_label_selector(labels);
  if (selector) status.set_unless_empty("selector", selector->str());
  return Value{{"kind", "Scale"},
               {"apiVersion", "autoscaling/v1"},
               {"metadata", metadata.build()},
               {"spec", spec.build()},
               {"status", status.build()}};
}

}  // namespace slipway::cluster
