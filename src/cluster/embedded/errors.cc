#include "cluster/embedded/errors.h"

#include "base/text.h"

namespace slipway::cluster {

Error no_such_resource() {
  return Error(ErrorKind::not_found, "the server could not find the requested resource");
}

Error no_such_method() {
  return Error(ErrorKind::unsupported, "the server does not allow this method on the requested resource");
}

Error no_such_object(const kinds::Kind& kind, std::string_view name) {
  return fail(ErrorKind::not_found, "{} \"{}\" not found", kind.group_resource(), name);
}

Error exists_already(const kinds::Kind& kind, std::string_view name) {
  return fail(ErrorKind::already_exists, "{} \"{}\" already exists", kind.group_resource(), name);
}

Error changed_meanwhile(const kinds::Kind& kind, std::string_view name) {
  return cannot_be_fulfilled(
      kind, name, "the object has been modified; please apply your changes to the latest version and try again");
}

Error cannot_be_fulfilled(const kinds::Kind& kind, std::string_view name, std::string_view why) {
  return fail(ErrorKind::conflict, "Operation cannot be fulfilled on {} \"{}\": {}", kind.group_resource(), name, why);
}

Error refused(const kinds::Kind& kind, std::string_view name, std::string_view why) {
  return fail(ErrorKind::forbidden, "{} \"{}\" is forbidden: {}", kind.group_resource(), name, why);
}

Error revision_too_large(uint64_t asked, uint64_t current) {
  return fail(ErrorKind::timeout, "Timeout: Too large resource version: {}, current: {}", asked, current)
      .cause({"ResourceVersionTooLarge", "Too large resource version", {}})
      .retry_after(1);
}

}  // namespace slipway::cluster
