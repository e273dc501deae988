// .tgz in and out: gzip around tar (ustar, pax and GNU long names), bounded, for packed charts.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::sources {

struct ArchiveFile {
  std::string name;                         // below the archive's one folder: "templates/web.yaml"
  std::shared_ptr<const std::string> data;  // never null; without a byte order mark
};
struct ArchiveLimits {
  uint64_t file_bytes_max = 5 << 20;       // Helm's own
  uint64_t archive_bytes_max = 100 << 20;  // decompressed
  size_t files_max = 100'000;              // Helm counts none; as many as a tree of Git may hold
};
// What several archives may hold together, as those within one another: each takes from it what it unpacks to.
struct ArchiveBudget {
  uint64_t bytes_max = 256 << 20;  // decompressed, with the blocks of the tar
  size_t files_max = 100'000;
  uint64_t bytes = 0;  // taken so far
  size_t files = 0;
};

// The regular files with their names below the archive's one folder. Errors in Helm's words: invalid (absolute or
// parent paths, not an archive), too_large. `budget`: may be null.
Result<std::vector<ArchiveFile>> read_archive(std::string_view bytes, const ArchiveLimits& limits = {},
                                              ArchiveBudget* budget = nullptr);
// Names get `folder`/ in front. `modified`: seconds since 1970, for every entry.
std::string write_archive(const std::string& folder, const std::vector<ArchiveFile>& files, int64_t modified);

// Errors: invalid, too_large.
Result<std::string> gunzip(std::string_view bytes, uint64_t bytes_max);
std::string gzip(std::string_view bytes, std::string_view comment = {});

}  // namespace slipway::sources
