// Any bytes as a packed chart, and any bytes as the tar inside one: files or an error with words, never past the
// limits.
#include <cstdlib>

#include "sources/archive.h"

using namespace slipway::sources;

namespace {

constexpr size_t kBlock = 512;

// Checksums are made right: what lies behind them is what shall be read.
std::string with_checksums(std::string tar) {
  for (size_t at = 0; at + kBlock <= tar.size(); at += kBlock) {
    if (tar.compare(at + 257, 5, "ustar") != 0) continue;
    tar.replace(at + 148, 8, 8, ' ');
    unsigned sum = 0;
    for (size_t i = 0; i < kBlock; ++i) sum += static_cast<unsigned char>(tar[at + i]);
    for (size_t digit = 6; digit-- > 0; sum /= 8) tar[at + 148 + digit] = static_cast<char>('0' + sum % 8);
    tar[at + 154] = '\0';
  }
  return tar;
}

void read(std::string_view bytes) {
  ArchiveLimits limits{.file_bytes_max = 1 << 20, .archive_bytes_max = 4 << 20, .files_max = 100};
  auto files = read_archive(bytes, limits);
  if (!files) {
    if (files.error().message().empty()) std::abort();
    return;
  }
  if (files->size() > limits.files_max) std::abort();
  for (const ArchiveFile& file : *files) {
    if (!file.data || file.data->size() > limits.file_bytes_max) std::abort();
    // nothing may be written outside of a folder by these names
    std::string_view name = file.name;
    if (name.empty() || name.starts_with('/') || name == ".." || name.starts_with("../") || name.ends_with("/..") ||
        name.find("/../") != name.npos)
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  read(text);
  read(gzip(with_checksums(std::move(text))));
  return 0;
}
