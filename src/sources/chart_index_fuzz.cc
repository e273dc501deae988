// Any text as the index.yaml of a chart repository: versions in falling order, or an error with words.
#include <cstdlib>

#include "lang/semver/semver.h"
#include "sources/chart_repository.h"

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto index = sources::ChartIndex::parse({reinterpret_cast<const char*>(data), size});
  if (!index) {
    if (index.error().message().empty()) std::abort();
    return 0;
  }
  for (const std::string& name : index->names()) {
    const auto* versions = index->versions(name);
    if (!versions) std::abort();
    for (size_t i = 1; i < versions->size(); ++i) {
      auto above = lang::semver::Version::parse((*versions)[i - 1].version);
      auto below = lang::semver::Version::parse((*versions)[i].version);
      if (!above || !below || above->compare(*below) < 0) std::abort();
    }
    for (const char* range : {"", "^1.0.0", ">0.0.0-0", "nonsense"})
      if (auto found = index->find(name, range); !found && found.error().message().empty()) std::abort();
  }
  return 0;
}
