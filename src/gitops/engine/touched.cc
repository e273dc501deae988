#include "gitops/engine/touched.h"

namespace slipway::gitops {

namespace {

bool same(const sources::FileEntry* one, const sources::FileEntry* other) {
  if (!one || !other) return one == other;
  if (one->kind != other->kind || one->size != other->size) return false;
  return one->bytes == other->bytes || (one->bytes && other->bytes && *one->bytes == *other->bytes);
}

void add_directories(std::set<std::string>& all, std::string_view file) {
  for (size_t end = file.rfind('/'); end != file.npos; end = file.rfind('/', end - 1)) {
    if (!all.emplace(file.substr(0, end)).second) return;  // and so what is above it
    if (end == 0) break;
  }
  all.emplace("");
}

}  // namespace

std::set<std::string> touched_directories(const sources::Tree& before, const sources::Tree& after) {
  std::set<std::string> touched;
  for (const auto& [file, entry] : after.files())
    if (!same(before.entry(file), &entry)) add_directories(touched, file);
  for (const auto& [file, entry] : before.files())
    if (!after.entry(file)) add_directories(touched, file);
  return touched;
}

}  // namespace slipway::gitops
