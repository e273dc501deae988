// A quick look at the YAML that most templates make: block mappings and lists of plain and quoted scalars on one line,
// and block scalars. What it recognises is certainly well-formed, so that the full reader is spared; everything else
// (flow style, anchors, tags, scalars over several lines, odd indents) it leaves to that reader.
#pragma once

#include <optional>
#include <string_view>

#include "render/helm/manifest.h"

namespace slipway::render::helm {

// The document's head; nothing when the document needs the full reader.
std::optional<Head> quick_head(std::string_view document);

}  // namespace slipway::render::helm
