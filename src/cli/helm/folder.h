// A chart's folder on the disk, read as Helm reads it: links are followed wherever they lead, and told of. The disk is
// its owner's who types the command; charts out of repositories never leave them (render/helm/chart.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "render/helm/chart.h"
#include "render/helm/values.h"
#include "runtime/world.h"

namespace slipway::cli::helm {

struct ChartFolder {
  struct Link {
    std::string path, resolved;  // absolute; `path` through the links above it, `resolved` through none
  };
  std::vector<render::helm::ChartFile> files;  // what .helmignore leaves
  std::vector<Link> links;                     // in the order met, ignored ones too
  std::optional<Error> broken;                 // what the walk ended at: the chart cannot be loaded

  // As Helm 3 or 4 tells of the links on stderr.
  std::vector<std::string> warnings(render::helm::Compat compat = render::helm::Compat::helm3) const;
  std::shared_ptr<const sources::Tree> tree() const;
};

// `path`: absolute. `broken`, in Helm's words: by a link to nothing or in a circle, a socket or device, a file over
// `limits`, a folder that cannot be read.
Task<ChartFolder> read_chart_folder(World& world, std::string path, render::helm::ChartLimits limits = {});

}  // namespace slipway::cli::helm
