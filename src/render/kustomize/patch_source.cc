#include "render/kustomize/patch_source.h"

#include "base/text.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

// A text that stands within a kustomization: below its key when it is a block, else on the key's line.
PatchSource within(const Spot& spot, std::string text) {
  base::Place key = spot.place();
  PatchSource source{std::make_shared<const std::string>(std::move(text)), spot.file, 0, true, key};
  source.lines_before = key.line;
  if (!spot.text || !key.line) return source;
  auto lines = base::split_lines(*spot.text);
  if (static_cast<size_t>(key.line) > lines.size()) return source;
  std::string_view line = base::trim(lines[static_cast<size_t>(key.line) - 1]);
  line = line.substr(0, line.find(" #"));
  size_t last = line.find_last_not_of("+-123456789 ");
  if (last != line.npos && line[last] == '|') source.one_place = false;
  return source;
}

std::optional<PatchSource> in_file(const std::string& path, const Folder& folder, base::Place entry) {
  auto file = folder.read(path);
  if (!file) return std::nullopt;
  return PatchSource{file->text, file->path, 0, false, std::move(entry)};
}

}  // namespace

base::Place PatchSource::place(std::string_view pointer, size_t document) const {
  if (one_place) return entry;
  base::Place found = value::locate_yaml(*text, file, document, pointer);
  if (!found.line) return {file};
  return {file, found.line + lines_before, lines_before ? 0 : found.column};
}

std::optional<PatchSource> find_patch_source(const Patch& patch, const Folder& folder) {
  if (!patch.path.empty()) return in_file(patch.path, folder, patch.spot.place());
  Spot spot = patch.spot;
  if (spot.text) spot.pointer += "/patch";
  PatchSource source = within(spot, patch.text);
  source.entry = patch.spot.place();
  return source;
}

std::optional<PatchSource> find_patch_source(const Named& patch, const Folder& folder) {
  if (patch.text.find('\n') == patch.text.npos)
    if (auto source = in_file(patch.text, folder, patch.spot.place())) return source;
  return within(patch.spot, patch.text);
}

}  // namespace slipway::render::kustomize
