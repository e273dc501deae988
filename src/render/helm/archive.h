// .tgz in and out: gzip around tar (ustar, pax and GNU long names), bounded, for packed charts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "render/helm/chart.h"

namespace slipway::render::helm {

// The regular files with their names below the archive's one folder. Errors in Helm's words: invalid (absolute or
// parent paths, not an archive), too_large.
Result<std::vector<ChartFile>> read_archive(std::string_view bytes, const ChartLimits& limits = {});
// Names get `folder`/ in front. `modified`: seconds since 1970, for every entry.
std::string write_archive(const std::string& folder, const std::vector<ChartFile>& files, int64_t modified);

// Errors: invalid, too_large.
Result<std::string> gunzip(std::string_view bytes, uint64_t bytes_max);
std::string gzip(std::string_view bytes, std::string_view comment = {});

}  // namespace slipway::render::helm
