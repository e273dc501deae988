#include "apiserver/discovery.h"
#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "value/json.h"

#ifndef SLIPWAY_VERSION
#define SLIPWAY_VERSION "0.1.0"
#endif

namespace slipway::cli {

static Task<int> version(runtime::RealWorld& world, Invocation said) {
  std::string kubernetes = apiserver::version_info()["gitVersion"].str();
  if (said.json()) {
    print(value::to_json_pretty(Value{{"slipway", SLIPWAY_VERSION}, {"kubernetes", kubernetes}}) + "\n");
  } else {
    print(fmt::format("slipway {} (speaks Kubernetes {})\n", SLIPWAY_VERSION, kubernetes));
  }
  co_return 0;
}

Command version_command() {
  return {.words = "version", .summary = "which Slipway this is", .options = {json_option}, .run = version};
}

}  // namespace slipway::cli
