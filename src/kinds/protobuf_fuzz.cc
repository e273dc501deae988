// Any bytes as a body: in an envelope, and as the message of every shape of table. What is read becomes JSON, conforms
// or is refused, and once conformed it goes out and comes back as the same object.
#include <cstdlib>

#include "kinds/object.h"
#include "kinds/protobuf.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::kinds;

namespace {

void check(const Kind& kind, std::string_view message) {
  auto read = from_protobuf(*kind.type, message);
  if (!read) {
    if (read.error().str().empty()) std::abort();
    return;
  }
  auto conformed = conform(kind, *read);
  if (!conformed) return;
  std::string out;
  append_protobuf(out, *kind.type, conformed->object);
  auto again = from_protobuf(*kind.type, out);
  if (!again) std::abort();
  auto same = conform(kind, *again);
  if (!same || !(same->object == conformed->object)) std::abort();
  std::string second;
  append_protobuf(second, *kind.type, same->object);
  if (second != out) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<const Kind*> kinds = [] {
    std::vector<const Kind*> out;
    for (const char* word : {"configmap", "pod", "deployment", "service", "lease", "crd", "resourcequota", "hpa",
                             "event", "controllerrevision", "ingress", "persistentvolume"})
      out.push_back(builtin_catalog().find_word(word));
    return out;
  }();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto envelope = open_envelope(text)) {
    auto id = GroupVersionKind::of(Value{{"apiVersion", envelope->api_version}, {"kind", envelope->kind}});
    const Kind* kind = builtin_catalog().find(id);
    if (kind && kind->type && kind->builtin) check(*kind, envelope->message);
  }
  // the first byte chooses the kind
  if (size > 1) check(*kinds[data[0] % kinds.size()], text.substr(1));
  return 0;
}
